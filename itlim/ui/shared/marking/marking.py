"""The marks of one sheet in the page: what the browser sends is stored, then answered."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from itlim.annotation.recording import Desk
from itlim.components.marking.messages import Edits
from itlim.components.marking.payload import mark_payload
from itlim.errors import ConflictError, InputError, ItlimError
from itlim.records import AnnotationEvent, SheetStatus
from itlim.store.annotation_events import last_stored, stored_ids
from itlim.ui.shared.marking.suggestions import suggestions_for
from itlim.ui.shared.mounts.marks import mark_view, sent_edits


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of the edits that the browser sent."""

    acked: tuple[str, ...] = ()
    error: str = ""
    conflict: bool = False


@st.fragment
def marking(desk: Desk, *, by: str = "") -> None:
    """Store what the browser sent, then draw the sheet as it is: one round trip an edit.

    Args:
        desk: whose sheet of which item.
        by: who makes the edits, where the sheet is not one person's own.
    """
    doc = f"{desk.study.study_id}/{desk.item.item_id}/{desk.annotator}"
    key = f"marks-{desk.item.item_id}"
    try:
        edits = sent_edits(key=key, doc=doc, text=desk.item.text)
        answer = _taken_in(desk, edits, by)
    except ItlimError as error:
        answer = Answer(error=str(error))
    sheet = desk.sheet()
    if sheet.status is not SheetStatus.OPEN:
        st.rerun()
    suggestions = suggestions_for(desk, sheet)
    if suggestions and not sheet.suggestions_on:
        sheet = desk.sheet()
    payload = mark_payload(
        doc=doc,
        text=desk.item.text,
        labels=desk.study.labels,
        marks=sheet.marks,
        tokens=desk.item.units if desk.item.units_are_tokens else (),
        version=sheet.version,
        acked=answer.acked,
        saved_at=_saved_at(desk) if sheet.version else "",
        error=answer.error,
        conflict=answer.conflict,
        can_undo=sheet.can_undo,
        can_redo=sheet.can_redo,
        suggestions=suggestions,
        flag=sheet.flag,
    )
    with suppress(InputError):  # a malformed message is told of above, once
        mark_view(payload, key=key)
    if desk.is_claimed:
        desk.stay()


def _taken_in(desk: Desk, edits: Edits | None, by: str) -> Answer:
    """Store the edits; an answer either way, so that the browser knows where it stands."""
    if edits is None or not edits.events:
        return Answer()
    ids = [event.event_id for event in edits.events]
    try:
        desk.record(_events(desk, edits, by), base=edits.events[0].base)
    except ItlimError as error:
        stored = stored_ids(desk.store, ids)
        # Those that were stored before stay acknowledged; the rest is still in the browser.
        return Answer(
            acked=tuple(stored), error=str(error), conflict=isinstance(error, ConflictError)
        )
    return Answer(acked=tuple(ids))


def _events(desk: Desk, edits: Edits, by: str) -> list[AnnotationEvent]:
    return [
        replace(
            desk.event(event.kind, event.payload | ({"by": by} if by else {})),
            event_id=event.event_id,
            client_time=event.client_time,
            active_ms=event.active_ms,
            tab=edits.tab,
        )
        for event in edits.events
    ]


def _saved_at(desk: Desk) -> str:
    """When the newest edit was stored, by the visitor's clock."""
    stored = last_stored(desk.store, desk.study.study_id, desk.item.item_id, desk.annotator)
    return "" if stored is None else local_time(stored)


def local_time(moment: datetime) -> str:
    """A UTC time as the visitor's clock shows it."""
    zone = st.context.timezone
    return moment.astimezone(ZoneInfo(zone) if zone else None).strftime("%H:%M:%S")
