"""The arrangement of the Trace page: what is asked, the response, its candidates."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from itlim.library import DatasetEntry
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.datasets import choose_datasets
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.shared.tracing.response import rarest_span, response_view
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
_WISH = "trace_view_wish"


def choose_view() -> str:
    """Which of the page's four views is on; the address says it too."""
    wish = st.session_state.pop(_WISH, None)
    if wish is not None:
        st.session_state["view"] = wish
    return st.segmented_control(
        "Look at",
        [SPAN, SIDES, INSTANCE, SEARCH],
        default=SPAN,
        key="view",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )


def choose_response(place: DeltaGenerator) -> tuple[Subject | None, list[DatasetEntry]]:
    """Let the reader pick or type a response, and pick the datasets to look in.

    Args:
        place: where to ask whether it is a stored one.

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
        span = subject.span or (rarest_span(subject, indexes) if indexes else None)
        _instruction(subject, span)
        asked = response_view(subject, indexes, active=span)
        if asked is not None and asked != subject.span:
            choose_span(subject, *asked)
            st.rerun()
        if not indexes:
            return
        if span is None:
            st.info(_nothing_marked(subject), icon="👆")
            return
        if subject.span is None:
            st.caption(
                "Nothing is marked yet: these are the candidates of the rarest span worth a look."
            )
        span_panel(subject, span, entries, indexes, ask_others)


def ask_others(instance_id: str) -> None:
    """Show who else holds an instance's words."""
    st.session_state[_WISH] = INSTANCE
    write_view(instance=instance_id)
    st.rerun(scope="app")


def _instruction(subject: Subject, span: tuple[int, int] | None) -> None:
    if subject.run is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Instruction**", width="content")
        # st.text: what people type is no markdown.
        st.text(subject.instruction)
        st.page_link(
            "pages/views/ask.py",
            label="Inspect",
            icon="🔬",
            query_params={"run": subject.run.run_id},
        )
        if span is not None:
            st.page_link(
                "pages/views/test.py",
                label="Test it",
                icon="🧪",
                query_params={"run": subject.run.run_id, "span": f"{span[0]}-{span[1]}"},
                help="Rephrase the question, or retrain without the source.",
            )


def _nothing_marked(subject: Subject) -> str:
    if subject.run is None:
        return "Name some words to trace, or pick a span worth a look."
    return (
        "No span of this answer is worth a look by itself. Select words of it (drag, or Shift and "
        "arrow keys), then press Enter."
    )
