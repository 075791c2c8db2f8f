"""The reverse view: one instance of a dataset → all stored responses that share its words."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from itlim.components.trace.wording import share_in_words
from itlim.errors import InputError
from itlim.library import DatasetEntry, Library
from itlim.store.runs import list_runs
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, shown_errors
from itlim.ui.shared.public import limited
from itlim.ui.shared.tracing.datasets import licences
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.trace.borrowers import Borrower, StoredSpans
from itlim.ui.trace.own_text import leave_own_text

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

POLL_SECONDS = 0.5
_DIGITS = 9
"""Of the largest row that is looked up."""
MAX_RUNS = 20_000


def show_instance() -> None:
    """Let the user enter an instance; show it and the responses that share rare words with it."""
    library = services.library()
    linked = st.query_params.get("instance", "")
    typed = limited(
        st.text_input,
        "Instance",
        linked,
        placeholder="dataset-row, as in demo-156",
        help="Dataset and 1-based row, as shown on a candidate's card.",
        width=360,
    ).strip()
    write_view(instance=typed or None, run=None, span=None, cand=None, sides=None)
    leave_own_text()
    if not typed:
        st.info(
            "Enter an instance id, or choose “Find other responses with these words” on a "
            "candidate of a trace.",
            icon=":material/repeat:",
        )
        return
    with shown_errors():
        entry, row = parsed_instance(typed, library)
        indexes = usable_indexes([entry])
        if not indexes:
            return
        index = indexes[0]
        _show(index.instance_at(index.instances.position(row)), entry)
        _show_borrowers(index, entry, row, library)


def parsed_instance(typed: str, library: Library) -> tuple[DatasetEntry, int]:
    """Dataset and 1-based row of an instance's id, as typed or in an address.

    Raises:
        InputError, NotFoundError: it is no id, or of no dataset of the library.
    """
    name, _, row = typed.rpartition("-")
    if not name or not (row.isascii() and row.isdigit() and len(row) <= _DIGITS):
        raise InputError(
            f"{typed!r:.80} is not an instance id: expected dataset and row, as in demo-156."
        )
    return library.dataset(name), int(row)


def _show(instance: dict[str, Any], entry: DatasetEntry) -> None:
    with st.container(border=True, gap="xsmall"):
        licence = licences([entry])[entry.name]
        plain_caption(f"{instance['instance_id']} · line {instance['source_line']:,} · {licence}")
        for name in ("instruction", "input", "response"):
            if instance[name]:
                st.caption(name)
                # st.text, because the text of a dataset is not Markdown.
                st.text(instance[name])


@st.cache_resource(show_spinner=False, max_entries=8)
def _stored_spans(folder: str, created_at: str, _index: "TraceIndex") -> StoredSpans:
    """The spans found so far, shared by all visitors; folder and time identify the index."""
    return StoredSpans(_index)


def _show_borrowers(index: "TraceIndex", entry: DatasetEntry, row: int, library: Library) -> None:
    spans = _stored_spans(str(index.folder), index.meta.created_at, index)
    spans.scan(_runs_of(entry, library))
    spans.wait(0.3)

    @st.fragment(run_every=None if spans.done else POLL_SECONDS)
    def poll() -> None:
        if not spans.done:
            st.progress(spans.fraction, text="Searching the stored responses …")
        elif spans.error is not None:
            show_error(spans.error)
        _table(spans.borrowers(row), is_whole=spans.done)

    poll()


def _runs_of(entry: DatasetEntry, library: Library) -> list[dict[str, Any]]:
    """Stored runs of pairs tuned on the dataset, and of pairs whose dataset is unknown."""
    rows = list_runs(services.store(), limit=MAX_RUNS).to_pylist()
    elsewhere = {
        name
        for name, pair in library.pairs.items()
        if pair.dataset is not None and pair.dataset != entry.name
    }
    return [row for row in rows if row["pair"] not in elsewhere]


def _table(found: list[Borrower], *, is_whole: bool) -> None:
    if not found:
        if is_whole:
            st.info(
                "No stored response shares words with this instance beyond chance.",
                icon=":material/repeat:",
            )
        return
    verb = "shares" if len(found) == 1 else "share"
    st.subheader(f"{plural(len(found), 'stored response')} {verb} its words")
    picked = st.dataframe(
        pd.DataFrame([_row(one) for one in found]),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="borrowers",
        column_config={
            "shared words": st.column_config.TextColumn(width=420),
            "instruction": st.column_config.TextColumn(width=320),
            "nats": st.column_config.NumberColumn("rarity (nats)", format="%.1f"),
        },
    ).selection.rows
    st.caption(
        "Not counted: stock phrases, words of the instruction, matches that chance explains, and "
        "matches in more than ten instances. Rarity is in nats, −ln of the words' probability. "
        "Select a row to trace it."
    )
    for row in picked:
        if row < len(found):
            one = found[row]
            span = one.spans[0]
            st.page_link(
                "pages/views/trace.py",
                label=as_markdown(f"Trace “{one.quotes[0][:80]}” in the answer of {one.pair}"),
                icon=":material/search:",
                query_params={"run": one.run_id, "span": f"{span.start}-{span.stop}"},
            )


def _row(one: Borrower) -> dict[str, object]:
    span = one.spans[0]
    return {
        "pair": one.pair,
        "instruction": one.instruction,
        "shared words": " · ".join(one.quotes[:3]),
        "nats": span.nats,
        "instances": span.n_instances,
        "chance": "unknown" if span.null_p is None else share_in_words(span.null_p),
    }
