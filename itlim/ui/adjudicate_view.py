"""Adjudicate: everybody's layers over one response, proposals to take or reject, final spans."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict

import streamlit as st

from itlim.annotation.adjudication import (
    FINAL,
    Finding,
    Proposal,
    disagreement,
    proposals,
    submitted,
    to_adjudicate,
)
from itlim.annotation.protocol import may
from itlim.annotation.recording import Desk, sheets_of
from itlim.annotation_view.layers import layers_html
from itlim.records import (
    AnnotationEvent,
    EventKind,
    Item,
    Mark,
    MarkOrigin,
    Role,
    Sheet,
    SheetStatus,
    Study,
)
from itlim.store.claims import ClaimState, claim_states
from itlim.store.studies import items_of
from itlim.ui import services
from itlim.ui.annotate_suggestions import worth_a_look
from itlim.ui.marking import marking
from itlim.ui.permalink import write_view
from itlim.ui.services import shown_errors

ICONS = {Finding.AGREED: "🤝", Finding.CONFLICT: "⚡", Finding.OMISSION: "👁️"}
Sheets = Mapping[tuple[str, str], Sheet]


def is_allowed(study: Study, person: str) -> bool:
    """Whether a person may see others' marks; says so in the page if not."""
    if may(study, person, Role.ADJUDICATOR):
        return True
    st.warning(f"{person} is no adjudicator of this study. Ask its admin.", icon="🔒")
    return False


def show_adjudication(study: Study, person: str) -> None:
    """The item of lowest agreement, or the one that the address names."""
    with shown_errors():
        states = claim_states(services.store(), study.study_id)
        # Nobody sees others' marks of an item before they have handed in their own.
        items = [
            item
            for item in items_of(services.store(), study.study_id)
            if states.get((item.item_id, person)) is not ClaimState.OPEN
        ]
        sheets = sheets_of(services.store(), study.study_id)
        item = _choose(items, sheets)
        if item is None:
            st.info(
                "Nothing to adjudicate: an item comes here once two people have submitted it.",
                icon="⚖️",
            )
            return
        _adjudicate(study, item, _of_item(sheets, item), person)


def _choose(items: list[Item], sheets: Sheets) -> Item | None:
    """Lowest agreement first; those that are done can be opened again by address."""
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
    desk = Desk(store=services.store(), study=study, item=item, annotator=FINAL, is_claimed=False)
    final = desk.sheet()
    left, right = st.columns([1.7, 1], gap="large")
    with left:
        st.text(item.instruction)
        st.caption(_how_far_apart(item, sheets))
        people = {who: sheet.marks for who, sheet in submitted(sheets).items()}
        st.html(layers_html(item.text, people))
        st.markdown("**Final spans**")
        if final.status is SheetStatus.OPEN:
            marking(desk, by=person)
        else:
            st.success(f"Adjudicated: {len(final.marks)} final spans.", icon="⚖️")
            st.text(item.text)
        st.button(
            "Next item",
            shortcut="Ctrl+Enter",
            on_click=write_view,
            kwargs={"item": None},
            type="secondary" if final.status is SheetStatus.OPEN else "primary",
        )
    with right:
        _proposals(desk, final, sheets, person)
        _marked_by_none(desk, final, sheets, person)
        _notes(sheets)


def _how_far_apart(item: Item, sheets: dict[str, Sheet]) -> str:
    names = list(submitted(sheets))
    distance = disagreement(item, sheets)
    unit = "tokens" if item.units_are_tokens else "words"
    share = "" if distance is None else f" · they disagree on {distance:.0%} of the {unit} marked"
    return f"{len(names)} people: {', '.join(names)}{share}"


def _proposals(desk: Desk, final: Sheet, sheets: dict[str, Sheet], person: str) -> None:
    """Everything anybody marked, merged; agreed spans are taken in one click."""
    found = proposals(sheets)
    st.markdown(f"**What they marked** ({len(found)})")
    if not found:
        st.caption("All submitted “nothing wrong here”.")
    agreed = [one for one in found if one.finding is Finding.AGREED and not _taken(one, final)]
    is_open = final.status is SheetStatus.OPEN
    if agreed and is_open and st.button(f"Take what is agreed ({len(agreed)})", type="primary"):
        _record(desk, [_put(desk, one, person) for one in agreed])
    for number, proposal in enumerate(found):
        _proposal(desk, final, proposal, person, number)


def _proposal(desk: Desk, final: Sheet, one: Proposal, person: str, number: int) -> None:
    with st.container(border=True):
        st.markdown(f"{ICONS[one.finding]} **{one.finding}** · {one.label.replace('_', ' ')}")
        st.text(f"“{desk.item.text[one.start : one.stop]}”")
        for who, mark in one.marks:
            note = f": {mark.note}" if mark.note else ""
            st.caption(f"{who}: “{mark.quote}”, {mark.label.replace('_', ' ')}{note}")
        if one.missing:
            st.caption(f"Not marked by {', '.join(one.missing)}")
        if final.status is not SheetStatus.OPEN:
            return
        if _taken(one, final):
            st.caption("✓ among the final spans")
            return
        reason = st.text_input(
            "Reason", key=f"reason-{desk.item.item_id}-{number}", placeholder="reason (optional)",
            label_visibility="collapsed",
        )  # fmt: skip
        with st.container(horizontal=True):
            if st.button("Take", key=f"take-{number}"):
                _record(desk, [_put(desk, one, person, reason)])
            if st.button("Reject", key=f"reject-{number}"):
                _record(desk, [_reject(desk, one, person, reason)])


def _marked_by_none(desk: Desk, final: Sheet, sheets: dict[str, Sheet], person: str) -> None:
    """Missed spans dominate: what is worth a look and nobody marked."""
    marks = [mark for sheet in submitted(sheets).values() for mark in sheet.marks]
    for number, one in enumerate(worth_a_look(desk.item.run_id)):
        if any(mark.start < one.stop and mark.stop > one.start for mark in (*marks, *final.marks)):
            continue
        with st.container(border=True):
            st.markdown("🔎 **worth a look**, marked by none")
            st.text(f"“{desk.item.text[one.start : one.stop]}”")
            is_open = final.status is SheetStatus.OPEN
            if is_open and st.button("Take", key=f"take-unmarked-{number}"):
                label = desk.study.labels[0].name
                found = Proposal(
                    finding=Finding.OMISSION,
                    start=one.start,
                    stop=one.stop,
                    label=label,
                    marks=(),
                    missing=tuple(submitted(sheets)),
                )
                _record(desk, [_put(desk, found, person)])


def _taken(one: Proposal, final: Sheet) -> bool:
    return any(mark.start < one.stop and mark.stop > one.start for mark in final.marks)


def _put(desk: Desk, one: Proposal, person: str, reason: str = "") -> AnnotationEvent:
    mark = Mark(
        id=uuid.uuid4().hex[:12],
        start=one.start,
        stop=one.stop,
        quote=desk.item.text[one.start : one.stop],
        label=one.label,
        note=reason.strip() or "; ".join(mark.note for _, mark in one.marks if mark.note),
        evidence_url=next((mark.evidence_url for _, mark in one.marks if mark.evidence_url), ""),
        origin=MarkOrigin.ADJUDICATED,
    )
    return _event(desk, EventKind.PUT_MARK, asdict(mark) | {"by": person})


def _reject(desk: Desk, one: Proposal, person: str, reason: str) -> AnnotationEvent:
    spans = [{"annotator": who, "span_id": mark.id} for who, mark in one.marks]
    said: dict[str, object] = {"spans": spans, "reason": reason.strip(), "by": person}
    return _event(desk, EventKind.REJECT, said)


def _event(desk: Desk, kind: EventKind, payload: dict[str, object]) -> AnnotationEvent:
    return AnnotationEvent(
        event_id=uuid.uuid4().hex,
        study_id=desk.study.study_id,
        item_id=desk.item.item_id,
        annotator=desk.annotator,
        kind=kind,
        payload=payload,
    )


def _record(desk: Desk, events: list[AnnotationEvent]) -> None:
    desk.record(events, base=desk.sheet().version)
    st.toast("Saved", icon="💾")
    st.rerun()


def _notes(sheets: dict[str, Sheet]) -> None:
    """What people said about the item as a whole."""
    for who, sheet in submitted(sheets).items():
        for what, text in (("flagged", sheet.flag), ("said", sheet.comment)):
            if text:
                st.caption(f"{who} {what}: {text}")
