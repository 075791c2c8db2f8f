"""Edits to a sheet: each is checked against the current sheet and stored, then acknowledged."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from itlim.annotation.adjudication import FINAL
from itlim.annotation.protocol import check_adjudicator
from itlim.annotation.sheet import Replay, check_event, sheet_of
from itlim.errors import InputError, StoreError
from itlim.ids import text_sha256
from itlim.records import AnnotationEvent, EventKind, Item, Sheet, SheetStatus, Study
from itlim.store.annotation_events import (
    SheetKey,
    SheetLog,
    events_of,
    read_log,
    writing_log,
)
from itlim.store.claims import renew_claim
from itlim.store.connection import Store

STUDY_COMMENTS = "§study"
"""Item id under which comments on the whole study are stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """The outcome of the edits in one message, and the resulting sheet."""

    sheet: Sheet
    acknowledged: tuple[str, ...]
    """Ids of the edits in the message that are on disk."""
    saved_at: datetime | None
    """Time (UTC) at which the newest edit was stored; None without edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationSession:
    """One person annotating one item of a study."""

    store: Store
    study: Study
    item: Item
    annotator: str
    is_claimed: bool = True
    """Whether the item is assigned by claims; the final sheet of an adjudication is not."""

    def log(self) -> SheetLog:
        """The stored edits of this person, from any device."""
        return read_log(self.store, self._key)

    def sheet(self) -> Sheet:
        """The sheet after all stored edits."""
        return sheet_of(self.log().events)

    def current(self, sent: Sequence[AnnotationEvent] = ()) -> RecordResult:
        """The stored sheet; those of the edits `sent` that are on disk are acknowledged."""
        log = self.log()
        missing = log.not_stored(sent)
        return RecordResult(
            sheet=sheet_of(log.events),
            acknowledged=tuple(event.event_id for event in sent if event not in missing),
            saved_at=log.saved_at,
        )

    def record(self, events: Sequence[AnnotationEvent], *, base: int) -> RecordResult:
        """Check edits and store them in one transaction; they are on disk when this returns.

        The log is read and replayed once; each new edit is checked against the sheet as the edits
        before it leave it.

        Args:
            events: edits of this person and item, in order; those already stored are ignored.
            base: version of the sheet on which the first edit is based.

        Raises:
            InputError: an edit is not allowed on the sheet, or not to this person; none was stored.
            ConflictError: the sheet was changed elsewhere, or the item was reassigned; none was
                stored.
            StoreError: the item's text differs from that with which the study was created.
        """
        if not events:
            return self.current()
        self._check_text()
        self._check_owner(events)
        self._check_final(events)
        with writing_log(self.store, self._key) as writer:
            replay = Replay(writer.log.events)
            new = writer.log.not_stored(events)
            if self.is_claimed and replay.sheet().status is SheetStatus.OPEN:
                if new:
                    writer.claim(self.study)
                else:
                    writer.renew_claim()
            if self.is_claimed and any(event.kind is EventKind.REOPEN for event in new):
                writer.retake_claim(self.study)
            for event in new:
                check_event(event, replay.sheet(), self.study, self.item)
                replay.add(event)
            log = writer.append(events, base=base, guideline_version=self.study.guideline_version)
        return RecordResult(
            sheet=replay.sheet(),
            acknowledged=tuple(event.event_id for event in events),
            saved_at=log.saved_at,
        )

    def event(
        self, kind: EventKind, payload: dict[str, Any] | None = None, *, once: str = ""
    ) -> AnnotationEvent:
        """Create an edit on the server for this person and item.

        Args:
            kind: kind of the edit.
            payload: see `annotation.sheet`.
            once: only the first edit with this key is stored, from any tab.
        """
        place = f"{self.study.study_id}/{self.item.item_id}/{self.annotator}"
        digest = hashlib.sha256(place.encode()).hexdigest()[:32]
        return AnnotationEvent(
            event_id=f"{once}-{digest}" if once else uuid.uuid4().hex,
            study_id=self.study.study_id,
            item_id=self.item.item_id,
            annotator=self.annotator,
            kind=kind,
            payload=payload or {},
        )

    def renew_claim(self) -> None:
        """Keep the item assigned to this person while the page is open."""
        renew_claim(self.store, self.study.study_id, self.item.item_id, self.annotator)

    @property
    def _key(self) -> SheetKey:
        return SheetKey(
            study_id=self.study.study_id, item_id=self.item.item_id, annotator=self.annotator
        )

    def _check_owner(self, events: Sequence[AnnotationEvent]) -> None:
        for event in events:
            if SheetKey.of(event) != self._key:
                raise InputError(
                    f"An edit of {event.annotator!r} on {event.item_id!r} was sent to the "
                    f"session of {self.annotator!r} on {self.item.item_id!r}: reload the page."
                )

    def _check_final(self, events: Sequence[AnnotationEvent]) -> None:
        """Only adjudicators edit a final sheet; its sources are not reopened while it is final."""
        if self.annotator == FINAL:
            for event in events:
                check_adjudicator(self.study, str(event.payload.get("by", "")))
        elif any(event.kind is EventKind.REOPEN for event in events):
            final = replace(self, annotator=FINAL, is_claimed=False)
            if final.sheet().status is SheetStatus.SUBMITTED:
                raise InputError(
                    "This item is adjudicated: an adjudicator must reopen its final spans first."
                )

    def _check_text(self) -> None:
        if text_sha256(self.item.text) != self.item.text_sha256:
            raise StoreError(
                f"The text of item {self.item.item_id} differs from that with which the study was "
                "created. Restore the database from a backup."
            )


def sheets_of(store: Store, study_id: str) -> dict[tuple[str, str], Sheet]:
    """All sheets of a study, by item and annotator."""
    return replay_sheets(events_of(store, study_id))


def replay_sheets(
    events: Mapping[tuple[str, str], Sequence[AnnotationEvent]],
) -> dict[tuple[str, str], Sheet]:
    """Replay a study's events into sheets, by item and annotator."""
    return {key: sheet_of(of) for key, of in events.items() if key[0] != STUDY_COMMENTS}


def comment_on_study(store: Store, study: Study, annotator: str, text: str) -> None:
    """Store a comment on the study itself, for instance after the pilot.

    Raises:
        InputError: the comment is empty.
    """
    if not text.strip():
        raise InputError("The comment is empty: write what was unclear.")
    event = AnnotationEvent(
        event_id=uuid.uuid4().hex,
        study_id=study.study_id,
        item_id=STUDY_COMMENTS,
        annotator=annotator,
        kind=EventKind.COMMENT,
        payload={"text": text.strip()},
    )
    with writing_log(store, SheetKey.of(event)) as writer:
        version = len(writer.log.events)
        writer.append([event], base=version, guideline_version=study.guideline_version)


def study_comments(store: Store, study_id: str) -> list[tuple[str, str]]:
    """Comments on the study as pairs of person and text, by person."""
    found = events_of(store, study_id, item_id=STUDY_COMMENTS)
    return [(who, event.payload["text"]) for (_, who), events in found.items() for event in events]
