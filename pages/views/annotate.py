"""The annotators' queue: mark what is wrong, then judge where it came from."""

import streamlit as st

from itlim.ui import annotate_item, annotate_study, people, study_admin

row = st.container(horizontal=True, vertical_alignment="bottom")
row.header("Annotate", width="stretch")
with row:
    person = people.person()
if person is not None:
    with row:
        study = annotate_study.choose_study()
    if study is not None:
        annotate_item.show_queue(study, person)
        study_admin.study_admin(study, person)
    else:
        st.info("There is no study yet: make one from stored answers.", icon="🗒️")
    # The form names pairs of models: nobody who marks is sent them unasked.
    is_first = study is None
    box = st.expander(
        "New study", expanded=is_first, key=f"new_study_box-{is_first}", on_change="rerun"
    )
    if box.open:
        with box:
            annotate_study.new_study_form(person)
else:
    people.ask_who()
