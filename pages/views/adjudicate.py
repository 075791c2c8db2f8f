"""From several people's marks to one final set, and how far the people agree."""

import streamlit as st

from itlim.ui import (
    adjudicate_view,
    agreement_panel,
    annotate_study,
    exchange_panel,
    people,
)

row = st.container(horizontal=True, vertical_alignment="bottom")
row.header("Adjudicate", width="stretch")
with row:
    person = people.person()
if person is None:
    people.ask_who()
else:
    with row:
        study = annotate_study.choose_study()
    if study is None:
        st.info("There is no study yet: make one on **Annotate**.", icon="🗒️")
    elif adjudicate_view.is_allowed(study, person):
        spans, agreement, exchange = st.tabs(["Spans", "Agreement", "Exchange"])
        with spans:
            adjudicate_view.show_adjudication(study, person)
        with agreement:
            agreement_panel.agreement_panel(study)
        with exchange:
            exchange_panel.exchange_panel(study, person)
