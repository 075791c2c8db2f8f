"""Adjudicate an item: all annotators' marks, proposals to accept or reject, final spans."""

from collections.abc import Mapping

import streamlit as st

from itlim.annotation.adjudication import FINAL, disagreement, submitted, to_adjudicate
from itlim.annotation.protocol import may_adjudicate
from itlim.annotation.recording import AnnotationSession, sheets_of
from itlim.components.marking.layers import layers_html
from itlim.records import EventKind, Item, Sheet, SheetStatus, Study
from itlim.store.claims import ClaimState, claim_states
from itlim.store.studies import items_of
from itlim.text.messages import plural
from itlim.ui.adjudicate.people import show_adjudicators
from itlim.ui.adjudicate.proposals import show_proposals, show_unmarked
from itlim.ui.shared import services
from itlim.ui.shared.marking.item_picker import item_picker
from itlim.ui.shared.marking.marking import marking
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, shown_errors

Sheets = Mapping[tuple[str, str], Sheet]


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
                icon=":material/balance:",
            )
        else:
            _adjudicate(study, item, _of_item(sheets, item), person)
        show_adjudicators(study, person)


def _choose(items: list[Item], sheets: Sheets) -> Item | None:
    """Choose the item with the lowest agreement; finished items can be opened from a list."""
    waiting = to_adjudicate(items, sheets)
    done = [item for item in items if _is_final(sheets, item)]
    total = len(done) + len(waiting)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(
            len(done) / total if total else 0.0,
            text=f"{len(done)} adjudicated · {len(waiting)} waiting, lowest agreement first",
        )
        if done:
            _adjudicated(done)
    known = {item.item_id: item for item in items}
    named = known.get(st.query_params.get("item") or "")
    if named is not None and len(submitted(_of_item(sheets, named))) > 1:
        return named
    if not waiting:
        return None
    write_view(item=waiting[0][0].item_id)
    return waiting[0][0]


def _is_final(sheets: Sheets, item: Item) -> bool:
    final = sheets.get((item.item_id, FINAL))
    return final is not None and final.status is SheetStatus.SUBMITTED


def _adjudicated(done: list[Item]) -> None:
    names = {item.item_id: f"✓ {item.instruction}" for item in done}
    item_picker(
        "Adjudicated items", names, key="adjudicated_item", placeholder=f"Adjudicated ({len(done)})"
    )


def _of_item(sheets: Sheets, item: Item) -> dict[str, Sheet]:
    return {who: sheet for (item_id, who), sheet in sheets.items() if item_id == item.item_id}


def _adjudicate(study: Study, item: Item, sheets: dict[str, Sheet], person: str) -> None:
    session = AnnotationSession(
        store=services.store(), study=study, item=item, annotator=FINAL, is_claimed=False
    )
    can_edit = may_adjudicate(study, person)
    st.markdown("**Instruction**")
    st.text(item.instruction)
    plain_caption(_disagreement_text(item, sheets))
    left, right = st.columns([1.7, 1], gap="large")
    with left:
        people = {who: sheet.marks for who, sheet in submitted(sheets).items()}
        st.html(layers_html(item.text, people, theme=services.theme()))
        st.markdown("**Final spans**")
        marking(session, by=person, can_edit=can_edit)
        _after(session, person, can_edit=can_edit)
    with right:
        final = session.sheet()
        show_proposals(session, final, sheets, person, can_edit=can_edit)
        show_unmarked(session, final, sheets, person, can_edit=can_edit)
        _notes(sheets)


def _after(session: AnnotationSession, person: str, *, can_edit: bool) -> None:
    """Draw the outcome of a finished item, and the buttons for the next one and to reopen it."""
    final = session.sheet()
    is_open = final.status is SheetStatus.OPEN
    if final.status is SheetStatus.SUBMITTED:
        st.success(
            f"Adjudicated: {plural(len(final.marks), 'final span')}.", icon=":material/balance:"
        )
        plain_caption(f"By {', '.join(_editors(session))}.")
    with st.container(horizontal=True):
        st.button(
            "Next item", shortcut="Ctrl+Enter", on_click=write_view, kwargs={"item": None},
            type="secondary" if is_open else "primary",
        )  # fmt: skip
        if not is_open and can_edit:
            st.button(
                "Reopen", key="reopen_final", shortcut="U", icon=":material/undo:",
                on_click=_reopen, args=(session, person), help="Change the final spans.",
            )  # fmt: skip


def _editors(session: AnnotationSession) -> list[str]:
    """The people who made the final spans, in the order of their first edits."""
    named = (str(event.payload.get("by", "")) for event in session.log().events)
    return list(dict.fromkeys(filter(None, named))) or ["an import"]


def _reopen(session: AnnotationSession, person: str) -> None:
    with shown_errors():
        event = session.event(EventKind.REOPEN, {"by": person})
        session.record([event], base=session.sheet().version)
        write_view(item=session.item.item_id)


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
                plain_caption(f"{who} {what}: {text}")
