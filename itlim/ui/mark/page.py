"""The Mark page: the annotation queue of a study, its admin panel and the form for a new one."""

import streamlit as st

from itlim.ui.mark.item import show_queue
from itlim.ui.mark.study_admin import study_admin
from itlim.ui.shared import people
from itlim.ui.shared.marking.study import choose_study, new_study_form


def show() -> None:
    """Draw the page."""
    row, person = people.page_head("Annotate")
    if person is None:
        return
    with row:
        study = choose_study()
    if study is not None:
        show_queue(study, person)
        study_admin(study, person)
    else:
        st.info("There is no study yet. Create one from stored answers.", icon="🗒️")
    # The form names pairs of models, so it is sent to annotators only on request.
    is_first = study is None
    box = st.expander(
        "New study", expanded=is_first, key=f"new_study_box-{is_first}", on_change="rerun"
    )
    if box.open:
        with box:
            new_study_form(person)
