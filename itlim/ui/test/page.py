"""The arrangement of the Causality page: a phrase of a stored answer, and what to try on it."""

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
        ground_truth: draws the third view. A model family owns it, so the page is given it.
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
    """Which of the page's three views is on; the address says it too."""
    return st.segmented_control(
        "Try",
        [REPHRASE, RETRAIN, TRUTH],
        default=REPHRASE,
        key="lab",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )


def show_rephrasing(place: DeltaGenerator) -> None:
    """A phrase, and the answers to the same question in other words."""
    with place:
        author = person() or ""
    with shown_errors():
        subject, indexes = _phrase()
        if subject is not None and subject.span is not None:
            rephrase_panel(subject, indexes, author=author)


def show_retraining(place: DeltaGenerator) -> None:
    """A phrase, and the answers of models retrained without its sources."""
    with place:
        author = person() or ""
    with shown_errors():
        subject, _ = _phrase()
        if subject is not None:
            show_retrain(subject, author=author)


def _phrase() -> "tuple[Subject | None, list[TraceIndex]]":
    """The response with the phrase in question; that of the rarest borrowed span to begin with."""
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
        # st.text: what people type is no markdown.
        st.text(subject.instruction)
    span = subject.span or _first_phrase(subject, indexes)
    asked = response_view(subject, indexes, key="lab", active=span)
    if asked is not None and asked != subject.span:
        choose_span(subject, *asked)
        st.rerun()
    if span is None:
        st.info(
            "Mark the words in question: drag over them, then press Enter.",
            icon="👆",
        )
        return None, indexes
    if subject.span is None:
        named = "span" in st.query_params
        why = "The words of the link are not in this answer" if named else "Nothing is marked"
        st.caption(
            f"{why}: this is a name from the rarest span worth a look. Other words? Drag over "
            "them, then press Enter."
        )
    return replace(subject, span=span), indexes


def _first_phrase(subject: Subject, indexes: "list[TraceIndex]") -> tuple[int, int] | None:
    """What to look at before anybody has marked words."""
    span = rarest_span(subject, indexes) if indexes else None
    return named_stretch(subject.response, *span) if span else None
