"""Who may adjudicate: the people whom a study names."""

from dataclasses import replace

import streamlit as st

from itlim.annotation.protocol import (
    adjudicators_of,
    checked_study,
    has_role,
    people_from,
)
from itlim.records import ANYONE, Role, Study
from itlim.store.studies import change_study
from itlim.ui.shared import services
from itlim.ui.shared.people import names_field
from itlim.ui.shared.plain_text import plain_caption, shown_errors


def may_see(study: Study, person: str) -> bool:
    """Whether a person may see the marks of others; shows a message if not."""
    if has_role(study, person, Role.ADJUDICATOR):
        return True
    st.warning(
        "Only the adjudicators of this study see the marks of others.", icon=":material/lock:"
    )
    plain_caption(_named(study))
    return False


def show_adjudicators(study: Study, person: str) -> None:
    """Draw who may set final spans; an admin can change the list."""
    if adjudicators_of(study):
        plain_caption(_named(study))
    else:
        st.warning(
            "This study names no adjudicator, so nobody can set final spans yet. Name them here.",
            icon=":material/balance:",
        )
    if has_role(study, person, Role.ADMIN):
        with (
            st.expander("Change the adjudicators", expanded=not adjudicators_of(study)),
            shown_errors(),
        ):
            _change(study, person)


def _named(study: Study) -> str:
    return f"Adjudicators: {', '.join(adjudicators_of(study)) or 'nobody yet'}."


def _change(study: Study, person: str) -> None:
    now = [name for name in adjudicators_of(study) if study.people[name] == Role.ADJUDICATOR]
    names = names_field(
        "Adjudicators",
        now,
        key=f"adjudicators-{study.study_id}",
        help="Type a name and press Enter. Admins can always adjudicate.",
    )
    if st.button("Save", key="save_adjudicators", type="primary"):
        people = _people(study, names, person)
        changed = checked_study(replace(study, people=people))
        change_study(services.store(), changed, by=person)
        st.rerun()


def _people(study: Study, adjudicators: list[str], person: str) -> dict[str, Role]:
    """The roles of a study with other adjudicators; whoever names the first ones is its admin."""
    admins = [name for name, role in study.people.items() if role == Role.ADMIN]
    # Adjudicators who are no longer named stay members of a closed study.
    is_closed = bool(study.people) and ANYONE not in study.people
    members = [name for name in study.people if name != ANYONE] if is_closed else []
    return people_from(annotators=members, adjudicators=adjudicators, admins=admins or [person])
