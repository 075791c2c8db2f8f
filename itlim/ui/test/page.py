"""The Test page: choose a phrase of a stored answer, then retrain or rephrase."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from itlim.components.tokens.messages import NextStep
from itlim.text.markdown import as_markdown
from itlim.ui.shared import services
from itlim.ui.shared.ground_truth import GroundTruth, PhraseTruth
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.people import person
from itlim.ui.shared.plain_text import shown_errors
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
        there = {"part": "Ground truth about sources"}
        open_page("pages/views/evidence.py", there, replaces=True)
    st.header("What happens without it?")
    if choose_view() == RETRAIN:
        show_retraining(truth)
    else:
        show_rephrasing()


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


def show_rephrasing() -> None:
    """Draw a phrase and the answers to rephrasings of its question."""
    with shown_errors():
        subject, indexes = _phrase(st.container())
        if subject is not None and subject.span is not None:
            rephrase_panel(subject, indexes, author=person() or "")


def show_retraining(truth: GroundTruth) -> None:
    """Draw a phrase and the answers of models retrained without its sources."""
    with shown_errors():
        choice, result = st.container(), st.container()
        subject, _ = _phrase(choice)
        if subject is not None:
            known = _known(subject, truth)
            if known is not None:
                with result:
                    show_measured(subject.response, known)
            show_retrain(subject, truth, author=person() or "")


def _known(subject: Subject, truth: GroundTruth) -> PhraseTruth | None:
    if subject.measured is None or subject.span is None:
        return None
    return truth.phrase(subject.measured, subject.span)


def _phrase(place: DeltaGenerator) -> "tuple[Subject | None, list[TraceIndex]]":
    """Draw the choice of an answer in `place`, and of its words below; the default is suggested."""
    left, right = place.columns([3, 2])
    with left:
        subject = stored_subject()
    if subject is None:
        return None, []
    with right:
        entries = choose_datasets(subject, services.library())
    indexes = usable_indexes(entries, words_suffice=True)
    span = subject.span or default_span(subject, indexes)
    with place:
        _shown_phrase(subject, span)
    box = st.expander(
        "Choose other words of this answer",
        expanded=span is None,
        key="other-words",
        bind="query-params",
    )
    with box:
        asked = response_view(subject, indexes, key="lab", active=span, here=NextStep.TEST)
    if asked is not None and asked != subject.span:
        choose_span(subject, *asked)
        st.rerun()
    if span is None:
        st.info(
            "Select a phrase: drag over the words, then press Test it."
            if subject.measured is not None
            else "Select a phrase: enter words of the answer, then press Test these words."
        )
        return None, indexes
    return replace(subject, span=span), indexes


def _shown_phrase(subject: Subject, span: tuple[int, int] | None) -> None:
    """Draw question and answer in plain text, and say which phrase is tested."""
    # st.text, because texts of users and models are not Markdown.
    st.text(f"{subject.instruction}\n→ {subject.response}")
    if span is None:
        return
    why = ""
    if subject.span is None:
        named = "span" in st.query_params
        why = " The linked phrase is not in this answer." if named else " No phrase is selected."
        why += " The suggested one is tested."
    st.markdown(f"Phrase to test: **“{as_markdown(subject.response[span[0] : span[1]])}”**.{why}")
