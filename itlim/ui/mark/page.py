"""The Mark page: the queue of a study, its settings for admins, and the form for a new study."""

import streamlit as st

from itlim.annotation.protocol import has_role
from itlim.records import Role, Study
from itlim.ui.mark.item import show_queue
from itlim.ui.mark.new_study import new_study_form
from itlim.ui.mark.study_admin import study_admin
from itlim.ui.shared import people
from itlim.ui.shared.marking.study import choose_study
from itlim.ui.shared.next_steps import MARKING_VIEW, NEW_STUDY
from itlim.ui.shared.permalink import write_view

MARK, STUDY, NEW = "Mark", "Study", NEW_STUDY
_VIEW, _NEXT_VIEW, _CREATED = MARKING_VIEW, "mark_page_next_view", "mark_page_created"
"""Keys; the first is the URL parameter of the view."""


def show() -> None:
    """Draw the page."""
    row, person = people.page_head("Mark")
    if person is None:
        return
    with row:
        study = choose_study()
    if study is None:
        st.info(
            "Mark the wrong words of answers, without knowing which model wrote them. There is no "
            "study yet. Create one from stored answers.",
            icon=":material/note_stack:",
        )
        if _new(person):
            # The switch of views was not drawn, so nothing else names its choice in the URL.
            write_view(**{_VIEW: STUDY})
            st.rerun()
        return
    with row:
        view = _choose_view(study, person)
    if view == NEW:
        if _new(person):
            st.rerun()
    elif view == STUDY:
        _say_created(study)
        study_admin(study, person)
    else:
        show_queue(study, person)


def _choose_view(study: Study, person: str) -> str:
    views = [MARK, STUDY, NEW] if has_role(study, person, Role.ADMIN) else [MARK, NEW]
    wanted = st.session_state.pop(_NEXT_VIEW, None)
    if wanted in views:
        st.session_state[_VIEW] = wanted
    if st.session_state.get(_VIEW, MARK) not in views:
        st.session_state[_VIEW] = MARK
    return st.segmented_control(
        "View",
        views,
        default=MARK,
        key=_VIEW,
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )


def _new(person: str) -> bool:
    """Draw the form; whether a study was created in this script run."""
    created = new_study_form(person)
    if created is not None:
        # The admin sees the study, and no item is opened for them.
        st.session_state[_NEXT_VIEW] = STUDY
        st.session_state[_CREATED] = created.study_id
    return created is not None


def _say_created(study: Study) -> None:
    if st.session_state.pop(_CREATED, None) == study.study_id:
        st.success(
            "Study created. Its items can be changed until somebody marks one. To annotate it "
            f"yourself, choose **{MARK}**.",
            icon=":material/check_circle:",
        )
