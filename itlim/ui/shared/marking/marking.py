"""The marks of one sheet in the page: edits from the browser are stored and acknowledged."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from itlim.annotation.recording import AnnotationSession, RecordResult
from itlim.components.marking.messages import Edits
from itlim.components.marking.payload import Suggestion, mark_payload
from itlim.errors import ConflictError, ItemTakenError, ItlimError
from itlim.records import AnnotationEvent, SheetStatus
from itlim.ui.shared.marking.suggestions import suggestions_for
from itlim.ui.shared.mounts.marks import mark_view, sent_edits
from itlim.ui.shared.permalink import write_view

PAGE_KEYS = ("ctrl+enter", "u", "v")
"""Keys that the page handles while a submitted text has the focus: next, reopen, reveal."""


@st.fragment
def marking(session: AnnotationSession, *, by: str = "", can_edit: bool = True) -> None:
    """Store the edits from the browser, then draw the current sheet: one round trip per edit.

    A sheet that is submitted or skipped is drawn in the same view, which then cannot edit, so that
    the text keeps the focus.

    Args:
        session: the person and the item.
        by: the person who edits, for a final sheet.
        can_edit: whether the person may edit an open sheet.
    """
    # One key for all items of a study, so that the text keeps the focus on the next item.
    key = f"marks-{session.study.study_id}"
    was_open = session.sheet().status is SheetStatus.OPEN
    suggestions = suggestions_for(session)
    result, error = _store_edits(session, key, by, suggestions) if can_edit else _stored(session)
    if was_open and result.sheet.status is not SheetStatus.OPEN:
        st.rerun()
    _draw(session, key, result, error, suggestions, can_edit=can_edit)
    if isinstance(error, ItemTakenError):
        st.button("Next item", type="primary", key="taken_next", on_click=write_view,
                  kwargs={"item": None})  # fmt: skip


def _stored(session: AnnotationSession) -> tuple[RecordResult, None]:
    return session.current(), None


def _draw(
    session: AnnotationSession,
    key: str,
    result: RecordResult,
    error: ItlimError | None,
    suggestions: Sequence[Suggestion],
    *,
    can_edit: bool,
) -> None:
    sheet, item = result.sheet, session.item
    read_only = sheet.status is not SheetStatus.OPEN or not can_edit
    payload = mark_payload(
        doc=_doc(session),
        text=item.text,
        labels=session.study.labels,
        marks=sheet.marks,
        tokens=item.units if item.units_are_tokens else (),
        version=sheet.version,
        acked=result.acknowledged,
        saved_at="" if result.saved_at is None else local_time(result.saved_at),
        error=str(error or ""),
        conflict=isinstance(error, ConflictError) and not isinstance(error, ItemTakenError),
        can_undo=sheet.can_undo,
        can_redo=sheet.can_redo,
        read_only=read_only,
        page_keys=PAGE_KEYS if read_only else (),
        suggestions=[]
        if read_only
        else [one for one in suggestions if one.id not in sheet.decided],
        flag=sheet.flag,
    )
    mark_view(payload, key=key)


def _doc(session: AnnotationSession) -> str:
    return f"{session.study.study_id}/{session.item.item_id}/{session.annotator}"


def _store_edits(
    session: AnnotationSession, key: str, by: str, suggestions: Sequence[Suggestion]
) -> tuple[RecordResult, ItlimError | None]:
    """Store the edits from the browser; returns the reason if that fails."""
    events: list[AnnotationEvent] = []
    rejection = None
    try:
        edits = sent_edits(key=key, doc=_doc(session), text=session.item.text)
        if edits is not None and edits.events:
            added: dict[str, object] = ({"by": by} if by else {}) | (
                {"suggestions_shown": True} if suggestions else {}
            )
            events = _events(session, edits, added)
            return session.record(events, base=edits.events[0].base), None
    except ItlimError as error:
        rejection = error
    if session.is_claimed:
        session.renew_claim()
    # Edits stored before a rejection stay acknowledged; the browser still has the others.
    return session.current(events), rejection


def _events(
    session: AnnotationSession, edits: Edits, added: dict[str, object]
) -> list[AnnotationEvent]:
    return [
        AnnotationEvent(
            event_id=sent.event_id,
            study_id=session.study.study_id,
            item_id=session.item.item_id,
            annotator=session.annotator,
            kind=sent.kind,
            payload=sent.payload | added,
            client_time=sent.client_time,
            active_ms=sent.active_ms,
            tab=edits.tab,
        )
        for sent in edits.events
    ]


def local_time(moment: datetime) -> str:
    """A UTC time in the visitor's time zone."""
    zone = st.context.timezone
    return moment.astimezone(ZoneInfo(zone) if zone else None).strftime("%H:%M:%S")
