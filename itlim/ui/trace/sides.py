"""base | LFT | SFT: one family's answers to one instruction, each with its own trace."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from itlim.components.trace.payload import trace_payload
from itlim.library import DatasetEntry
from itlim.records import NO_MEASURES, Run, Thresholds
from itlim.text.markdown import as_markdown
from itlim.ui.shared.mounts.tokens import token_legend
from itlim.ui.shared.mounts.trace import trace_view
from itlim.ui.shared.pair_groups import TITLES
from itlim.ui.shared.permalink import joined_spans, read_trace_link, spans_in, write_view
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import shown_path
from itlim.ui.shared.siblings import siblings
from itlim.ui.shared.tracing.datasets import licences
from itlim.ui.shared.tracing.default_span import default_span
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.shared.tracing.response import response_view
from itlim.ui.shared.tracing.subject import Subject, run_subject
from itlim.ui.shared.tracing.work import traced
from itlim.ui.trace.span_view import choose_response

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

GROUP = "trace-sides"
_SHOWN = 3
_PARAMETER = "sides"
"""URL parameter: the words selected in each answer."""


def show_sides(place: DeltaGenerator) -> None:
    """Draw the stored answers of a run's family side by side, each with its own trace.

    Args:
        place: container of the source control, as in `choose_response`.
    """
    subject, entries = choose_response(place)
    if subject is None:
        return
    if subject.run is None:
        st.info(
            "Select a stored answer to compare it with the other models' answers to the same "
            "instruction.",
            icon=":material/group:",
        )
        return
    if subject.measured is None:
        st.info(
            f"{NO_MEASURES} The other models of its family are unknown.",
            icon=":material/group:",
        )
        return
    runs = siblings(subject.measured)
    with shown_errors():
        indexes = usable_indexes(entries)
        if not indexes:
            return
        st.text(subject.instruction)
        if len(runs) == 1:
            st.info(
                "No other model of this family has a stored answer to this instruction. Generate "
                "their answers on Ask.",
                icon=":material/group:",
            )
        token_legend(key="trace-sides-legend", thresholds=Thresholds(), group=GROUP)
        for column, run in zip(st.columns(len(runs)), runs, strict=True):
            with column, st.container(border=True):
                _side(run, subject, entries, indexes)


def _side(
    run: Run,
    selected: Subject,
    entries: Sequence[DatasetEntry],
    indexes: "Sequence[TraceIndex]",
) -> None:
    title = next(name for kind, name in TITLES.items() if kind == run.tuning)
    st.subheader(title, help=as_markdown(shown_path(run.tuned_model)))
    subject = run_subject(run)
    span, reason = _span_of(subject, selected, indexes)
    chosen = response_view(
        subject, indexes, key=f"side-{run.tuned_hash[:12]}", group=GROUP, active=span
    )
    if chosen is not None and chosen != span:
        _select(run, chosen)
        st.rerun()
    st.caption(reason)
    if span is None:
        return
    trace_view(
        trace_payload(
            traced(subject, span, indexes, top=_SHOWN),
            doc=f"{run.run_id}/{span[0]}-{span[1]}",
            title=f"Answer from {run.pair}",
            licences=licences(entries),
        ),
        key=f"side-view-{run.tuned_hash[:12]}",
    )
    st.page_link(
        "pages/views/trace.py",
        label=f"Trace this answer of {as_markdown(run.pair)}",
        query_params={"run": run.run_id, "span": f"{span[0]}-{span[1]}"},
    )


def _select(run: Run, span: tuple[int, int]) -> None:
    """Trace other words of one of the answers, from the next script run on."""
    shown = {one.run_id for one in siblings(run)}
    spans = spans_in(st.query_params.get(_PARAMETER)) | {run.run_id: span}
    kept = {name: span for name, span in spans.items() if name in shown}
    write_view(**{_PARAMETER: joined_spans(kept)})


def _span_of(
    subject: Subject, selected: Subject, indexes: "Sequence[TraceIndex]"
) -> tuple[tuple[int, int] | None, str]:
    """The span to trace in one answer, and the reason for this choice."""
    chosen = spans_in(st.query_params.get(_PARAMETER)).get(subject.doc)
    if chosen is not None and chosen[1] <= len(subject.response):
        return chosen, "The words you selected."
    span = selected.span if read_trace_link().span else default_span(selected, indexes)
    if span is not None:
        if subject.doc == selected.doc:
            return span, "The traced words."
        quote = selected.response[span[0] : span[1]]
        start = subject.response.casefold().find(quote.casefold())
        if start >= 0 and len(quote.casefold()) == len(quote):
            return (start, start + len(quote)), "The same words in this answer."
    own = default_span(subject, indexes)
    if own is not None:
        return own, "The traced words are not in this answer. Shown: the phrase suggested for it."
    return None, "No phrase to suggest. Select words, then choose “Where did this come from?”."
