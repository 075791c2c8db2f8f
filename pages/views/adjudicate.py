"""From several people's marks to one final set, and how far the people agree."""

import streamlit as st

from itlim.ui import adjudicate_view, annotate_study, people

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
    else:
        adjudicate_view.show_adjudication(study, person)
