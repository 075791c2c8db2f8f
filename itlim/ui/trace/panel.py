"""The candidates of one span: weights, filters, the two-sided view, exports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import streamlit as st

from itlim.components.tokens.document import html_document
from itlim.components.tokens.response_document import response_document
from itlim.components.trace.payload import trace_payload
from itlim.components.trace.score_parts import PARTS
from itlim.components.trace.section import trace_section
from itlim.export import trace_to_csv, trace_to_json
from itlim.library import DatasetEntry
from itlim.records import Level, ResponseRun, StoredRun, Trace, Weights
from itlim.text.messages import plural
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.mounts.trace import trace_view
from itlim.ui.shared.permalink import read_trace_link, write_view
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import limited, public_run
from itlim.ui.shared.tracing.datasets import licences
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.tracing.work import traced
from itlim.ui.trace.influence import strongest_influence, with_requested_influence
from itlim.ui.trace.own_text import is_in_address

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

_SLIDERS = {"evidence": (3.0, 0.1), "influence": (100.0, 5.0)}
_OTHERS = (20.0, 0.5)
_UNFOLDED = "unfolded"
"""URL parameter: the parts of the trace that the reader unfolded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFilters:
    """The user's weights and filters for a span's candidates."""

    weights: Weights
    top: int
    levels: tuple[Level, ...]
    containing: str
    """Only candidates with this text; all if empty."""
    against_base: bool


def span_panel(
    subject: Subject,
    span: tuple[int, int],
    entries: Sequence[DatasetEntry],
    indexes: "Sequence[TraceIndex]",
    show_others: Callable[[str], None],
) -> None:
    """Draw the candidates of a span; only this part is rerun when weights or filters change.

    Args:
        subject: the response.
        span: its code points, half-open.
        entries: the datasets to search.
        indexes: their indexes.
        show_others: called with the id of an instance whose other responses were requested.
    """

    @st.fragment
    def panel() -> None:
        place, notes = st.container(), st.container()
        with st.expander("Filters, weights and influence", key="filters", bind="query-params"):
            filters = _controls(has_base=subject.measured is not None)
            influence = st.container()
        with place, shown_errors():
            with notes:
                trace = traced(
                    subject,
                    span,
                    indexes,
                    weights=filters.weights,
                    top=filters.top,
                    against_base=filters.against_base,
                )
            with influence:
                trace = with_requested_influence(subject, span, trace, indexes)
            _show(subject, trace, filters, entries, show_others)
            others = strongest_influence(subject, span, indexes, entries)
            if others is not None:
                show_others(others)

    panel()


def _controls(*, has_base: bool) -> CandidateFilters:
    with st.container(horizontal=True, vertical_alignment="center"):
        levels = st.pills(
            "Levels",
            list(Level),
            selection_mode="multi",
            default=list(Level),
            key="levels",
            bind="query-params",
            label_visibility="collapsed",
        )
        containing = limited(
            st.text_input,
            "Only candidates that contain",
            key="containing",
            bind="query-params",
            placeholder="filter by text …",
            label_visibility="collapsed",
            width=200,
        )
        top = st.selectbox(
            "Show",
            [5, 10, 20, 50],
            index=1,
            key="show",
            bind="query-params",
            format_func=lambda number: f"top {number}",
            label_visibility="collapsed",
            width=120,
        )
        with st.popover("Weights"):
            weights = _weights()
            against_base = has_base and st.toggle(
                "Discount words that the base model predicts",
                key="discount",
                bind="query-params",
                help="A word then counts only as far as it also surprises the base model. The "
                "chance baseline was fitted without this, so the chance shown is too high.",
            )
    return CandidateFilters(
        weights=weights,
        top=top,
        levels=tuple(levels),
        containing=containing.strip(),
        against_base=against_base,
    )


def _weights() -> Weights:
    """One slider per part: its weight in nats per unit."""
    default = Weights()
    st.caption(
        "How much one unit of each part adds to the score, on the scale of the evidence: 1 is as "
        "much as one nat of it."
    )
    chosen = {}
    for part in PARTS:
        limit, step = _SLIDERS.get(part.weight_name, _OTHERS)
        chosen[part.weight_name] = st.slider(
            part.label,
            0.0,
            limit,
            getattr(default, part.weight_name),
            step,
            key=f"weight-{part.weight_name}",
            bind="query-params",
            help=f"{part.meaning[:1].upper()}{part.meaning[1:]}.",
        )
    st.button("Reset to defaults", on_click=_reset_weights)
    return Weights(**chosen)


def _reset_weights() -> None:
    for field in fields(Weights):
        st.session_state[f"weight-{field.name}"] = getattr(Weights(), field.name)


def _show(
    subject: Subject,
    trace: Trace,
    filters: CandidateFilters,
    entries: Sequence[DatasetEntry],
    show_others: Callable[[str], None],
) -> None:
    shown = filtered(trace, filters)
    hidden = len(trace.candidates) - len(shown.candidates)
    if hidden:
        st.caption(f"The filters hide {hidden} of {plural(len(trace.candidates), 'candidate')}.")
    state = trace_view(
        trace_payload(
            shown,
            doc=f"{subject.doc}/{trace.start}-{trace.stop}",
            title=subject.title,
            licences=licences(entries),
        ),
        key="trace-view",
        candidate=read_trace_link().candidate,
        reversible=True,
        folded=True,
        unfolded=st.query_params.get(_UNFOLDED, "").split(","),
    )
    if state.unfolded is not None:
        write_view(**{_UNFOLDED: ",".join(state.unfolded) or None})
    if state.candidate is not None and (subject.run is not None or is_in_address()):
        write_view(cand=state.candidate)
    if state.others is not None:
        show_others(state.others)
    _exports(subject, shown, entries)


def filtered(trace: Trace, filters: CandidateFilters) -> Trace:
    """The trace with only the candidates that pass the filters."""
    wanted = filters.containing.casefold()
    kept = tuple(
        one
        for one in trace.candidates
        if one.level in filters.levels
        and wanted in f"{one.instruction}\n{one.input}\n{one.response}".casefold()
    )
    return replace(trace, candidates=kept) if len(kept) < len(trace.candidates) else trace


def _exports(subject: Subject, trace: Trace, entries: Sequence[DatasetEntry]) -> None:
    formats = [
        Format("JSON", "json", "application/json", lambda: trace_to_json(trace)),
        Format("CSV", "csv", "text/csv", lambda: trace_to_csv(trace)),
    ]
    run = subject.run
    if run is not None:
        formats.insert(0, Format("HTML", "html", "text/html", lambda: _file(run, trace, entries)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Export the trace", width="content")
        stem = f"itlim-trace-{subject.doc}-{trace.start}-{trace.stop}"
        export_buttons(formats, stem=stem, key="export-trace")


def _file(run: StoredRun, trace: Trace, entries: Sequence[DatasetEntry]) -> str:
    section = trace_section(trace, title=f"Answer from {run.pair}", licences=licences(entries))
    if isinstance(run, ResponseRun):
        return response_document(run, sections=[section])
    return html_document(public_run(run).row(), run.tokens, sections=[section])
