"""The main view of the Trace page: controls, the response, and the candidates of a span."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from itlim.library import DatasetEntry
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.datasets import choose_datasets
from itlim.ui.shared.tracing.default_span import default_span
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.shared.tracing.response import response_view
from itlim.ui.shared.tracing.subject import (
    TYPED,
    Subject,
    choose_source,
    choose_span,
    stored_subject,
    typed_subject,
)
from itlim.ui.trace.panel import span_panel

SPAN, SIDES, INSTANCE, SEARCH = "A span", "base | LFT | SFT", "An instance", "Search"
_REQUESTED_VIEW = "trace_requested_view"


def choose_view() -> str:
    """Which of the page's four views is shown; also in the URL."""
    requested = st.session_state.pop(_REQUESTED_VIEW, None)
    if requested is not None:
        st.session_state["view"] = requested
    return st.segmented_control(
        "View",
        [SPAN, SIDES, INSTANCE, SEARCH],
        default=SPAN,
        key="view",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )


def choose_response(place: DeltaGenerator) -> tuple[Subject | None, list[DatasetEntry]]:
    """Let the user select or enter a response, and select the datasets to search.

    Args:
        place: container of the control that selects between stored answers and own text.

    Returns:
        The response, None if there is none yet, and the datasets.
    """
    library = services.library()
    with place:
        source = choose_source()
    if source == TYPED:
        subject = typed_subject()
        return subject, choose_datasets(subject, library) if subject else []
    left, right = st.columns([3, 2])
    with left:
        subject = stored_subject()
    with right:
        return subject, choose_datasets(subject, library) if subject else []


def show_span(place: DeltaGenerator) -> None:
    """One span of one response with its candidates; `place` as in `choose_response`."""
    subject, entries = choose_response(place)
    if subject is None:
        return
    with shown_errors():
        indexes = usable_indexes(entries)
        span = subject.span or default_span(subject, indexes)
        _instruction(subject, span)
        requested = response_view(subject, indexes, active=span)
        if requested is not None and requested != subject.span:
            choose_span(subject, *requested)
            st.rerun()
        if not indexes:
            return
        if span is None:
            st.info(_no_span(subject), icon=":material/touch_app:")
            return
        if subject.span is None:
            st.caption(
                "No words are selected yet: these are the candidates of the rarest suggested span."
            )
        span_panel(subject, span, entries, indexes, show_other_responses)


def show_other_responses(instance_id: str) -> None:
    """Switch to the view of other responses that share an instance's words."""
    st.session_state[_REQUESTED_VIEW] = INSTANCE
    write_view(instance=instance_id)
    st.rerun(scope="app")


def _instruction(subject: Subject, span: tuple[int, int] | None) -> None:
    if subject.run is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Instruction**", width="content")
        # st.text, because user input is not Markdown.
        st.text(subject.instruction)
        st.page_link(
            "pages/views/ask.py",
            label="Inspect",
            icon=":material/biotech:",
            query_params={"run": subject.run.run_id},
        )
        if span is not None:
            st.page_link(
                "pages/views/test.py",
                label="Test it",
                icon=":material/science:",
                query_params={"run": subject.run.run_id, "span": f"{span[0]}-{span[1]}"},
                help="Rephrase the question, or retrain without the source.",
            )


def _no_span(subject: Subject) -> str:
    if subject.run is None:
        return "No suggested spans in this text. Enter words to trace."
    return (
        "No suggested spans in this answer. Select words of it (drag, or Shift and arrow keys), "
        "then press Enter."
    )
