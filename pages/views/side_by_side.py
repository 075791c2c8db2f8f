"""Two models' responses to one instruction, judged blind: the study of the paper's Figure 6."""

import streamlit as st

from itlim.ui import people, side_by_side_counts, side_by_side_study, side_by_side_view

row = st.container(horizontal=True, vertical_alignment="bottom")
row.header("Side by side", width="stretch")
with row:
    person = people.person()
if person is None:
    people.ask_who()
else:
    with row:
        study = side_by_side_study.choose_side_by_side()
    if study is None:
        st.info(
            "Two models answer the same instruction; you say which of five things is true of the "
            "two responses, without knowing which model is which. There is no such study yet: "
            "make one from stored answers.",
            icon="⚖️",
        )
    else:
        views = ["Judge", "Counts"]
        with row:
            view = st.segmented_control(
                "View", views, required=True, default="Judge", label_visibility="collapsed"
            )
        if view == "Counts":
            side_by_side_counts.show_counts(study, person)
        else:
            side_by_side_view.judge_side_by_side(study, person)
    with st.expander("New study", expanded=study is None):
        side_by_side_study.new_side_by_side_form(person)
