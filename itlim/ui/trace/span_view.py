"""The main view of the Trace page: controls, the response, and the candidates of a span."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from itlim.components.tokens.messages import NextStep
from itlim.library import DatasetEntry
from itlim.ui.shared import services
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.next_steps import step_parameters
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.tracing.datasets import choose_datasets
from itlim.ui.shared.tracing.default_span import default_span
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.shared.tracing.response import response_view
from itlim.ui.shared.tracing.subject import Subject, choose_span, stored_subject
from itlim.ui.trace.own_text import (
    TYPED,
    choose_source,
    leave_own_text,
    remember_run,
    typed_subject,
)
from itlim.ui.trace.panel import span_panel

SPAN, SIDES, INSTANCE, SEARCH = "A phrase", "base | LFT | SFT", "An instance", "Search"
_OLD_SPAN = "A span"
"""Earlier name of the first view, in links."""
_REQUESTED_VIEW = "trace_requested_view"


def choose_view() -> str:
    """Which of the page's four views is shown; also in the URL."""
    if st.query_params.get("view") == _OLD_SPAN:
        del st.query_params["view"]
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
        remember_run()
        return subject, choose_datasets(subject, library) if subject else []
    leave_own_text()
    left, right = st.columns([3, 2])
    with left:
        subject = stored_subject()
    remember_run()
    with right:
        return subject, choose_datasets(subject, library) if subject else []


def show_span(place: DeltaGenerator) -> None:
    """One phrase of one response with its source; `place` as in `choose_response`."""
    subject, entries = choose_response(place)
    if subject is None:
        return
    with shown_errors():
        # Progress of embeddings is drawn below the result, which stays in place when it ends.
        result = st.container()
        indexes = usable_indexes(entries)
        span = subject.span or default_span(subject, indexes)
        box = st.expander(
            "Choose other words of this answer",
            expanded=span is None,
            key="other-words",
            bind="query-params",
        )
        with box:
            requested = response_view(subject, indexes, active=span)
        if requested is not None and requested != subject.span:
            choose_span(subject, *requested)
            st.rerun()
        with result:
            if span is None and indexes:
                st.info(_no_span(subject), icon=":material/touch_app:")
            elif span is not None and indexes:
                _next_steps(subject, span)
                span_panel(subject, span, entries, indexes, show_other_responses)


def show_other_responses(instance_id: str) -> None:
    """Switch to the view of other responses that share an instance's words."""
    st.session_state[_REQUESTED_VIEW] = INSTANCE
    write_view(instance=instance_id)
    st.rerun(scope="app")


def _next_steps(subject: Subject, span: tuple[int, int]) -> None:
    """Say which phrase is shown, and offer the next steps with it."""
    if subject.run is None:
        return
    run = subject.run
    with st.container(horizontal=True, vertical_alignment="center"):
        if subject.span is None:
            st.caption("No words selected yet. Showing the suggested phrase.", width="stretch")
        if st.button(
            "What happens without it?",
            type="primary",
            icon=":material/science:",
            key="test_phrase",
        ):
            open_page("pages/views/test.py", step_parameters(run, span, NextStep.TEST))
        st.page_link(
            "pages/views/ask.py",
            label="Back to the answer",
            icon=":material/arrow_back:",
            query_params={"run": run.run_id},
        )


def _no_span(subject: Subject) -> str:
    if subject.measured is None:
        return "No phrase of this text stands out in the dataset. Enter words to trace."
    return (
        "No phrase of this answer stands out: its words are common in the dataset, or not in it. "
        "To trace words of your choice, select them below (drag over them, or tap a word), then "
        "press “Where did this come from?”."
    )
