"""The Test page: choose a phrase of a stored answer, then rephrase or retrain."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from itlim.causality.rephrasing.recurrence import named_stretch
from itlim.ui.shared import services
from itlim.ui.shared.people import person
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.datasets import choose_datasets
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.shared.tracing.response import rarest_span, response_view
from itlim.ui.shared.tracing.subject import Subject, choose_span, stored_subject
from itlim.ui.test.rephrase import rephrase_panel
from itlim.ui.test.retrain import show_retrain

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

REPHRASE, RETRAIN, TRUTH = "Ask differently", "Retrain without it", "Ground truth"


def show(ground_truth: Callable[[], None]) -> None:
    """Draw the page.

    Args:
        ground_truth: draws the third view, which depends on a model family.
    """
    st.header("What happens without it?")
    row = st.container(horizontal=True, horizontal_alignment="distribute")
    with row:
        view = choose_view()
    if view == TRUTH:
        with shown_errors():
            ground_truth()
    elif view == RETRAIN:
        show_retraining(row)
    else:
        show_rephrasing(row)


def choose_view() -> str:
    """Draw the switch between the page's three views; the choice is a URL parameter."""
    return st.segmented_control(
        "Try",
        [REPHRASE, RETRAIN, TRUTH],
        default=REPHRASE,
        key="lab",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )


def show_rephrasing(row: DeltaGenerator) -> None:
    """Draw a phrase and the answers to rephrasings of its question."""
    with row:
        author = person() or ""
    with shown_errors():
        subject, indexes = _phrase()
        if subject is not None and subject.span is not None:
            rephrase_panel(subject, indexes, author=author)


def show_retraining(row: DeltaGenerator) -> None:
    """Draw a phrase and the answers of models retrained without its sources."""
    with row:
        author = person() or ""
    with shown_errors():
        subject, _ = _phrase()
        if subject is not None:
            show_retrain(subject, author=author)


def _phrase() -> "tuple[Subject | None, list[TraceIndex]]":
    """Draw the response with its marked phrase; by default, a name in the rarest traced span."""
    left, right = st.columns([3, 2])
    with left:
        subject = stored_subject()
    if subject is None:
        return None, []
    with right:
        entries = choose_datasets(subject, services.library())
    indexes = usable_indexes(entries)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Instruction**", width="content")
        # st.text, because the instruction is not Markdown.
        st.text(subject.instruction)
    span = subject.span or _first_phrase(subject, indexes)
    asked = response_view(subject, indexes, key="lab", active=span)
    if asked is not None and asked != subject.span:
        choose_span(subject, *asked)
        st.rerun()
    if span is None:
        st.info(
            "Select a phrase: drag over the words, then press Enter.",
            icon=":material/touch_app:",
        )
        return None, indexes
    if subject.span is None:
        named = "span" in st.query_params
        why = "The linked phrase is not in this answer." if named else "No phrase is selected."
        st.caption(
            f"{why} A name from the rarest suggested span is shown. To choose other words, drag "
            "over them, then press Enter."
        )
    return replace(subject, span=span), indexes


def _first_phrase(subject: Subject, indexes: "list[TraceIndex]") -> tuple[int, int] | None:
    """The phrase to show while none is selected; None if no span is suggested."""
    span = rarest_span(subject, indexes) if indexes else None
    return named_stretch(subject.response, *span) if span else None
