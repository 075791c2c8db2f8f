"""The marks of one sheet in the page: edits from the browser are stored and acknowledged."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from itlim.annotation.recording import AnnotationSession, RecordResult
from itlim.components.marking.messages import Edits
from itlim.components.marking.payload import mark_payload
from itlim.errors import ConflictError, ItlimError
from itlim.records import AnnotationEvent, SheetStatus
from itlim.ui.shared.marking.suggestions import suggestions_for
from itlim.ui.shared.mounts.marks import mark_view, sent_edits


@st.fragment
def marking(session: AnnotationSession, *, by: str = "") -> None:
    """Store the edits from the browser, then draw the current sheet: one round trip per edit.

    Args:
        session: the person and the item.
        by: the person who edits, for a final sheet.
    """
    study, item = session.study, session.item
    doc = f"{study.study_id}/{item.item_id}/{session.annotator}"
    key = f"marks-{item.item_id}"
    result, error = _store_edits(session, doc, key, by)
    if result.sheet.status is not SheetStatus.OPEN:
        st.rerun()
    suggestions, result = suggestions_for(session, result)
    sheet = result.sheet
    payload = mark_payload(
        doc=doc,
        text=item.text,
        labels=study.labels,
        marks=sheet.marks,
        tokens=item.units if item.units_are_tokens else (),
        version=sheet.version,
        acked=result.acknowledged,
        saved_at="" if result.saved_at is None else local_time(result.saved_at),
        error=str(error or ""),
        conflict=isinstance(error, ConflictError),
        can_undo=sheet.can_undo,
        can_redo=sheet.can_redo,
        suggestions=suggestions,
        flag=sheet.flag,
    )
    mark_view(payload, key=key)


def _store_edits(
    session: AnnotationSession, doc: str, key: str, by: str
) -> tuple[RecordResult, ItlimError | None]:
    """Store the edits from the browser; returns the reason if that fails."""
    events: list[AnnotationEvent] = []
    refusal = None
    try:
        edits = sent_edits(key=key, doc=doc, text=session.item.text)
        if edits is not None and edits.events:
            events = _events(session, edits, by)
            return session.record(events, base=edits.events[0].base), None
    except ItlimError as error:
        refusal = error
    if session.is_claimed:
        session.renew_claim()
    # Edits stored before a rejection stay acknowledged; the browser still has the others.
    return session.current(events), refusal


def _events(session: AnnotationSession, edits: Edits, by: str) -> list[AnnotationEvent]:
    return [
        AnnotationEvent(
            event_id=sent.event_id,
            study_id=session.study.study_id,
            item_id=session.item.item_id,
            annotator=session.annotator,
            kind=sent.kind,
            payload=sent.payload | ({"by": by} if by else {}),
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
