"""The response to trace or test: a stored answer, or on Trace the user's own text."""

from dataclasses import dataclass

import streamlit as st

from itlim.errors import InputError, NotFoundError
from itlim.records import Run, StoredRun
from itlim.store.runs import list_runs, load_run, require_run
from itlim.text.prompts import asked_text
from itlim.ui.shared import services
from itlim.ui.shared.featured import featured_run
from itlim.ui.shared.permalink import open_run, read_trace_link, write_view
from itlim.ui.shared.plain_text import show_warning, shown_errors

_LIST_LENGTH = 500
SELECTED = "typed_span"
"""Key of the words that the user selected in their own text: `doc` of the subject, and the span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A response to trace."""

    doc: str
    """Identifies this response."""
    title: str
    instruction: str
    """Includes the input, if there is one, since the model may have copied from either."""
    response: str
    run: StoredRun | None = None
    """None for the user's own text."""
    span: tuple[int, int] | None = None
    """Code points to trace; None if nothing is selected yet."""

    @property
    def measured(self) -> Run | None:
        """The run if it has token measures; None for texts whose shift is unknown."""
        return self.run if isinstance(self.run, Run) else None


def run_subject(run: StoredRun, span: tuple[int, int] | None = None) -> Subject:
    """A stored answer as a subject; a span beyond its end is ignored."""
    fits = span is not None and span[1] <= len(run.response)
    return Subject(
        doc=run.run_id,
        title=f"Answer from {run.pair}",
        instruction=asked_text(run.instruction, run.input),
        response=run.response,
        run=run,
        span=span if fits else None,
    )


def stored_subject() -> Subject | None:
    """Let the user select an answer; None if there is none."""
    link = read_trace_link()
    with shown_errors():
        linked = _linked_run(link.run_id)
        if link.run_id and linked is None:
            return None
        seen = load_run(services.store(), st.session_state.get("prefilled") or "")
        run = linked or seen or featured_run()
        _run_picker(run)
        if run is None:
            st.info(
                "There are no stored answers yet. Ask a question on Ask, or enter your own text.",
                icon=":material/edit:",
            )
            return None
        if link.run_id is None:
            open_run(run.run_id)
        st.session_state.prefilled = run.run_id
        return run_subject(run, link.span)
    return None


def _linked_run(run_id: str | None) -> StoredRun | None:
    """The run of the URL; if it does not exist, draws the reason and the other runs."""
    if not run_id:
        return None
    try:
        return require_run(services.store(), run_id)
    except NotFoundError as error:
        show_warning(error, icon=":material/search:")
        _run_picker(None)
        return None


def _run_picker(run: StoredRun | None) -> None:
    """The stored answers, newest first; selecting another one changes the URL."""
    rows = list_runs(services.store(), limit=_LIST_LENGTH).to_pylist()
    names = {row["run_id"]: f"{row['pair']} · {_one_line(row['instruction'])}" for row in rows}
    if run is not None and run.run_id not in names:
        names = {run.run_id: f"{run.pair} · {_one_line(run.instruction)}"} | names
    if not names:
        return
    # The URL determines the run; the box follows it.
    st.session_state.trace_run = run.run_id if run else None
    st.selectbox(
        "Answer",
        list(names),
        format_func=lambda name: names[name],
        key="trace_run",
        label_visibility="collapsed",
        on_change=lambda: open_run(st.session_state.trace_run),
        help=f"The newest {_LIST_LENGTH} stored answers; type to search. Open older answers from "
        "Data & models.",
    )


def _one_line(text: str, limit: int = 110) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= limit else f"{joined[: limit - 1]}…"


def span_of_quote(response: str, quote: str) -> tuple[int, int]:
    """The code points of a quote's first occurrence.

    Raises:
        InputError: the response does not contain the quote.
    """
    start = response.find(quote)
    if start < 0:
        raise InputError(
            f"The response does not contain {quote!r:.80}. Enter words exactly as in the response."
        )
    return start, start + len(quote)


def choose_span(subject: Subject, start: int, stop: int) -> None:
    """Trace other words of the same response, from the next script run on."""
    if subject.run is not None:
        write_view(span=f"{start}-{stop}", cand=None)
    else:
        st.session_state[SELECTED] = (subject.doc, (start, stop))
        write_view(cand=None)
