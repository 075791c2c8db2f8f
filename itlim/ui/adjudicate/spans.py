"""Adjudicate an item: all annotators' marks, proposals to accept or reject, final spans."""

from collections.abc import Mapping

import streamlit as st

from itlim.annotation.adjudication import (
    FINAL,
    disagreement,
    submitted,
    to_adjudicate,
)
from itlim.annotation.protocol import has_role
from itlim.annotation.recording import AnnotationSession, sheets_of
from itlim.components.marking.layers import layers_html
from itlim.records import (
    Item,
    Role,
    Sheet,
    SheetStatus,
    Study,
)
from itlim.store.claims import ClaimState, claim_states
from itlim.store.studies import items_of
from itlim.text.messages import plural
from itlim.ui.adjudicate.proposals import show_proposals, show_unmarked
from itlim.ui.shared import services
from itlim.ui.shared.marking.marking import marking
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.services import shown_errors

Sheets = Mapping[tuple[str, str], Sheet]


def is_allowed(study: Study, person: str) -> bool:
    """Whether a person may see the marks of others; shows a message if not."""
    if has_role(study, person, Role.ADJUDICATOR):
        return True
    st.warning(f"{person} is not an adjudicator of this study. Contact the study admin.", icon="🔒")
    return False


def show_adjudication(study: Study, person: str) -> None:
    """Draw the item in the URL, or else the item with the lowest agreement."""
    with shown_errors():
        states = claim_states(services.store(), study.study_id)
        # Annotators see the marks of others only after their own submission.
        items = [
            item
            for item in items_of(services.store(), study.study_id)
            if states.get((item.item_id, person)) not in (ClaimState.OPEN, ClaimState.RELEASED)
        ]
        sheets = sheets_of(services.store(), study.study_id)
        item = _choose(items, sheets)
        if item is None:
            st.info(
                "Nothing to adjudicate yet: items appear here after two people submit them.",
                icon="⚖️",
            )
            return
        _adjudicate(study, item, _of_item(sheets, item), person)


def _choose(items: list[Item], sheets: Sheets) -> Item | None:
    """Choose the item with the lowest agreement; finished items can be opened by their URL."""
    waiting = to_adjudicate(items, sheets)
    known = {item.item_id: item for item in items}
    done = sum(
        sheet.status is SheetStatus.SUBMITTED for (_, who), sheet in sheets.items() if who == FINAL
    )
    st.progress(
        done / (done + len(waiting)) if done + len(waiting) else 0.0,
        text=f"{done} adjudicated · {len(waiting)} waiting, lowest agreement first",
    )
    named = known.get(st.query_params.get("item") or "")
    if named is not None and len(submitted(_of_item(sheets, named))) > 1:
        return named
    if not waiting:
        return None
    write_view(item=waiting[0][0].item_id)
    return waiting[0][0]


def _of_item(sheets: Sheets, item: Item) -> dict[str, Sheet]:
    return {who: sheet for (item_id, who), sheet in sheets.items() if item_id == item.item_id}


def _adjudicate(study: Study, item: Item, sheets: dict[str, Sheet], person: str) -> None:
    session = AnnotationSession(
        store=services.store(), study=study, item=item, annotator=FINAL, is_claimed=False
    )
    final = session.sheet()
    left, right = st.columns([1.7, 1], gap="large")
    with left:
        st.text(item.instruction)
        st.caption(_disagreement_text(item, sheets))
        people = {who: sheet.marks for who, sheet in submitted(sheets).items()}
        st.html(layers_html(item.text, people))
        st.markdown("**Final spans**")
        if final.status is SheetStatus.OPEN:
            marking(session, by=person)
        else:
            st.success(f"Adjudicated: {plural(len(final.marks), 'final span')}.", icon="⚖️")
            st.text(item.text)
        st.button(
            "Next item",
            shortcut="Ctrl+Enter",
            on_click=write_view,
            kwargs={"item": None},
            type="secondary" if final.status is SheetStatus.OPEN else "primary",
        )
    with right:
        show_proposals(session, final, sheets, person)
        show_unmarked(session, final, sheets, person)
        _notes(sheets)


def _disagreement_text(item: Item, sheets: dict[str, Sheet]) -> str:
    names = list(submitted(sheets))
    distance = disagreement(item, sheets)
    unit = "tokens" if item.units_are_tokens else "words"
    share = "" if distance is None else f" · disagreement on {distance:.0%} of the marked {unit}"
    return f"{plural(len(names), 'annotator')}: {', '.join(names)}{share}"


def _notes(sheets: dict[str, Sheet]) -> None:
    """Draw flags and comments on the whole item."""
    for who, sheet in submitted(sheets).items():
        for what, text in (("flagged", sheet.flag), ("commented", sheet.comment)):
            if text:
                st.caption(f"{who} {what}: {text}")
