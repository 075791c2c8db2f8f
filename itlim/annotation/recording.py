"""Take edits in: checked against the sheet as it is, stored, and only then acknowledged."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itlim.annotation.sheet import check_event, sheet_of
from itlim.annotation.texts import text_sha256
from itlim.errors import InputError, StoreError
from itlim.records import AnnotationEvent, EventKind, Item, Sheet, SheetStatus, Study
from itlim.store.annotation_events import append_events, events_of, stored_ids
from itlim.store.claims import claim_item, keep_claim
from itlim.store.connection import Store

STUDY_ITSELF = "§study"
"""Where comments on the study as a whole are kept, beside its items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One person at work on one item of a study."""

    store: Store
    study: Study
    item: Item
    annotator: str
    is_claimed: bool = True
    """Whether the item is handed out by claims; the final sheet of an adjudication is not."""

    def sheet(self) -> Sheet:
        """What they have done so far, on whatever machine."""
        return sheet_of(self._events())

    def record(self, events: Sequence[AnnotationEvent], *, base: int) -> Sheet:
        """Store edits; when this returns, they are on disk.

        Args:
            events: of this person and item, in order; those stored already count as done.
            base: version of the sheet on which the first was made.

        Returns:
            The sheet afterwards.

        Raises:
            InputError: an edit does not fit the sheet; none was stored.
            ConflictError: the sheet was changed elsewhere, or was handed on; none was stored.
            StoreError: the item's text is not what it was when the study was made.
        """
        if not events:
            return self.sheet()
        self._check_text()
        before = self._events()
        new = self._new(events)
        if new:
            if self.is_claimed and sheet_of(before).status is SheetStatus.OPEN:
                claim_item(self.store, self.study, self.annotator, self.item.item_id)
            self._check(before, new)
            append_events(
                self.store, events, base=base, guideline_version=self.study.guideline_version
            )
        return self.sheet()

    def event(
        self, kind: EventKind, payload: dict[str, Any] | None = None, *, once: str = ""
    ) -> AnnotationEvent:
        """An edit that the server makes for this person and item.

        Args:
            kind: what happens.
            payload: as `annotation.sheet` names it.
            once: of edits with the same word here only the first is stored, from whatever tab.
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

    def stay(self) -> None:
        """Keep the item from being handed on while the page is open."""
        keep_claim(self.store, self.study.study_id, self.item.item_id, self.annotator)

    def _events(self) -> list[AnnotationEvent]:
        key = (self.item.item_id, self.annotator)
        found = events_of(self.store, self.study.study_id, item_id=key[0], annotator=key[1])
        return found.get(key, [])

    def _new(self, events: Sequence[AnnotationEvent]) -> list[AnnotationEvent]:
        strange = [
            event
            for event in events
            if (event.study_id, event.item_id, event.annotator)
            != (self.study.study_id, self.item.item_id, self.annotator)
        ]
        if strange:
            raise InputError(
                f"An edit of {strange[0].annotator!r} on {strange[0].item_id!r} was sent to the "
                f"desk of {self.annotator!r} on {self.item.item_id!r}: reload the page."
            )
        stored = stored_ids(self.store, [event.event_id for event in events])
        return [event for event in events if event.event_id not in stored]

    def _check(self, before: list[AnnotationEvent], new: list[AnnotationEvent]) -> None:
        so_far = list(before)
        for event in new:
            check_event(event, sheet_of(so_far), self.study, self.item)
            so_far.append(event)

    def _check_text(self) -> None:
        if text_sha256(self.item.text) != self.item.text_sha256:
            raise StoreError(
                f"The text of item {self.item.item_id} is not the one that the study was made "
                "with. Restore the database from a backup."
            )


def sheets_of(store: Store, study_id: str) -> dict[tuple[str, str], Sheet]:
    """All sheets of a study, by (item, annotator)."""
    return sheets_by(events_of(store, study_id))


def sheets_by(
    events: Mapping[tuple[str, str], Sequence[AnnotationEvent]],
) -> dict[tuple[str, str], Sheet]:
    """The sheets that a study's events add up to, by (item, annotator)."""
    return {key: sheet_of(of) for key, of in events.items() if key[0] != STUDY_ITSELF}


def comment_on_study(store: Store, study: Study, annotator: str, text: str) -> None:
    """Keep what somebody says about the study itself, as after the pilot.

    Raises:
        InputError: nothing was said.
    """
    if not text.strip():
        raise InputError("The comment is empty: say what was unclear.")
    said = events_of(store, study.study_id, item_id=STUDY_ITSELF, annotator=annotator)
    event = AnnotationEvent(
        event_id=uuid.uuid4().hex,
        study_id=study.study_id,
        item_id=STUDY_ITSELF,
        annotator=annotator,
        kind=EventKind.COMMENT,
        payload={"text": text.strip()},
    )
    append_events(
        store,
        [event],
        base=sum(len(events) for events in said.values()),
        guideline_version=study.guideline_version,
    )


def study_comments(store: Store, study_id: str) -> list[tuple[str, str]]:
    """(who, text) of what was said about the study, by person."""
    found = events_of(store, study_id, item_id=STUDY_ITSELF)
    return [(who, event.payload["text"]) for (_, who), events in found.items() for event in events]
