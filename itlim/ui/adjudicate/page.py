"""The Adjudicate page: final spans from several annotators' marks, agreement, exchange."""

import streamlit as st

from itlim.records import Study
from itlim.ui.adjudicate.agreement_panel import agreement_panel
from itlim.ui.adjudicate.exchange_panel import exchange_panel
from itlim.ui.adjudicate.people import may_see
from itlim.ui.adjudicate.spans import show_adjudication
from itlim.ui.shared import people
from itlim.ui.shared.marking.study import choose_study


def show() -> None:
    """Draw the page."""
    row, person = people.page_head("Adjudicate")
    if person is None:
        return
    with row:
        study = choose_study()
    if study is None:
        st.info(
            "Compare all annotators' marks on an answer and decide which are final. There is no "
            "study yet.",
            icon=":material/note_stack:",
        )
        st.page_link("pages/views/mark.py", label="Create a study on Mark")
    elif may_see(study, person):
        _parts(study, person)


def _parts(study: Study, person: str) -> None:
    """Draw the open part only; it is a URL parameter."""
    spans, agreement, exchange = st.tabs(
        ["Spans", "Agreement", "Exchange"], key="adjudicating", bind="query-params"
    )
    if agreement.open:
        with agreement:
            agreement_panel(study)
    elif exchange.open:
        with exchange:
            exchange_panel(study, person)
    else:
        with spans:
            show_adjudication(study, person)
