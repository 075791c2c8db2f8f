"""The Test page: choose a phrase of a stored answer, then retrain or rephrase."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from itlim.components.tokens.messages import NextStep
from itlim.ui.shared import services
from itlim.ui.shared.ground_truth import GroundTruth, PhraseTruth
from itlim.ui.shared.people import person
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.datasets import choose_datasets
from itlim.ui.shared.tracing.default_span import default_span
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.shared.tracing.response import response_view
from itlim.ui.shared.tracing.subject import Subject, choose_span, stored_subject
from itlim.ui.test.measured import show_measured
from itlim.ui.test.rephrase import rephrase_panel
from itlim.ui.test.retrain import show_retrain

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

RETRAIN, REPHRASE = "Retrain without it", "Ask differently"
_TRUTH = "Ground truth"
"""The view that older links name; it is a part of the Findings page."""


def show(truth: GroundTruth) -> None:
    """Draw the page.

    Args:
        truth: what is known about the answers of a shipped family.
    """
    if st.query_params.get("lab") == _TRUTH:
        st.switch_page(
            "pages/views/findings.py", query_params={"part": "Ground truth about sources"}
        )
    st.header("What happens without it?")
    row = st.container(horizontal=True, horizontal_alignment="distribute")
    with row:
        view = choose_view()
    if view == RETRAIN:
        show_retraining(row, truth)
    else:
        show_rephrasing(row)


def choose_view() -> str:
    """Draw the switch between the page's two views; the choice is a URL parameter."""
    return st.segmented_control(
        "Try",
        [RETRAIN, REPHRASE],
        default=RETRAIN,
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


def show_retraining(row: DeltaGenerator, truth: GroundTruth) -> None:
    """Draw a phrase and the answers of models retrained without its sources."""
    with row:
        author = person() or ""
    with shown_errors():
        subject, _ = _phrase()
        if subject is not None:
            known = _known(subject, truth)
            if known is not None and subject.run is not None:
                show_measured(subject.run, known)
            show_retrain(subject, truth, author=author)


def _known(subject: Subject, truth: GroundTruth) -> PhraseTruth | None:
    if subject.run is None or subject.span is None:
        return None
    return truth.phrase(subject.run, subject.span)


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
    span = subject.span or default_span(subject, indexes)
    asked = response_view(subject, indexes, key="lab", active=span, here=NextStep.TEST)
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
            f"{why} The suggested one is shown. To choose other words, drag over them, then press "
            "Enter or Test it."
        )
    return replace(subject, span=span), indexes
