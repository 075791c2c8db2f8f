"""The append-only log of annotation events. An event is on disk before it is acknowledged."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import duckdb

from itlim.errors import ConflictError, InputError
from itlim.records import AnnotationEvent, EventKind, Study
from itlim.store.claims import (
    ClaimState,
    close_claim,
    retake_claim,
    set_claim,
    take_claim,
    touch_claim,
)
from itlim.store.columns import insertion, read_time, stored_now
from itlim.store.connection import Store
from itlim.text.messages import plural

_ENDS = {
    EventKind.SUBMIT: ClaimState.SUBMITTED,
    EventKind.COMPARE: ClaimState.SUBMITTED,
    EventKind.SKIP: ClaimState.SKIPPED,
}
_EVENT = (
    "event_id",
    "study_id",
    "item_id",
    "annotator",
    "kind",
    "payload",
    "client_time",
    "active_ms",
    "tab",
)
_COLUMNS = (*_EVENT, "stored_at", "version", "guideline_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetKey:
    """Key of one sheet: study, item and annotator."""

    study_id: str
    item_id: str
    annotator: str

    @classmethod
    def of(cls, event: AnnotationEvent) -> Self:
        """The sheet to which an event belongs."""
        return cls(study_id=event.study_id, item_id=event.item_id, annotator=event.annotator)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLog:
    """The stored events of one sheet."""

    events: tuple[AnnotationEvent, ...]
    """In stored order; their number is the sheet's version."""
    saved_at: datetime | None
    """Time (UTC) at which the newest was stored; None without events."""

    def not_stored(self, events: Sequence[AnnotationEvent]) -> list[AnnotationEvent]:
        """Those of the given events that are not stored yet, in order."""
        ids = {event.event_id for event in self.events}
        return [event for event in events if event.event_id not in ids]


class LogWriter:
    """The log of one sheet inside a transaction: read once, then extended."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, sheet: SheetKey) -> None:
        self._cursor = cursor
        self._sheet = sheet
        self.log = _read(cursor, sheet)
        """The log at the start of the transaction."""

    def claim(self, study: Study) -> None:
        """Claim the item for this person.

        Raises:
            ItemTakenError: it was reassigned, or its batch is not open.
        """
        take_claim(self._cursor, study, self._sheet.annotator, self._sheet.item_id)

    def retake_claim(self, study: Study) -> None:
        """Open the person's submitted or skipped claim again.

        Raises:
            ItemTakenError: the item was skipped, and enough others have claimed it since.
        """
        retake_claim(self._cursor, study, self._sheet.annotator, self._sheet.item_id)

    def set_claim(self, state: ClaimState) -> None:
        """Set the claim of an item that was annotated elsewhere."""
        key = self._sheet
        set_claim(self._cursor, key.study_id, key.item_id, key.annotator, state)

    def renew_claim(self) -> None:
        """Renew the claim, so that the item is not reassigned."""
        touch_claim(self._cursor, self._sheet.study_id, self._sheet.item_id, self._sheet.annotator)

    def append(
        self, events: Sequence[AnnotationEvent], *, base: int, guideline_version: str
    ) -> SheetLog:
        """Append events in order; an event that ends the sheet also ends its claim.

        Events that are already stored are ignored, so they can be sent again.

        Args:
            events: events of this sheet.
            base: version of the sheet on which the first of them is based.
            guideline_version: version of the guideline that the person saw.

        Returns:
            The log afterwards.

        Raises:
            ConflictError: the sheet was changed since that version.
            InputError: another sheet has an event with this id.
        """
        stored, saved_at = list(self.log.events), self.log.saved_at
        new = {event.event_id for event in self.log.not_stored(events)}
        for number, event in enumerate(events):
            if event.event_id not in new:
                continue
            if base + number != len(stored):
                raise ConflictError(
                    f"This item was changed elsewhere: it has {plural(len(stored), 'edit')}, but "
                    f"this page shows {base + number}. Load the latest version, then continue."
                )
            stored.append(event)
            saved_at = self._insert(event, len(stored), guideline_version)
            if event.kind in _ENDS:
                key = self._sheet
                close_claim(
                    self._cursor, key.study_id, key.item_id, key.annotator, _ENDS[event.kind]
                )
        return SheetLog(events=tuple(stored), saved_at=saved_at)

    def _insert(self, event: AnnotationEvent, version: int, guideline_version: str) -> datetime:
        now = stored_now()
        values = [
            event.event_id,
            event.study_id,
            event.item_id,
            event.annotator,
            str(event.kind),
            json.dumps(event.payload, ensure_ascii=False, sort_keys=True),
            event.client_time,
            event.active_ms,
            event.tab,
            now,
            version,
            guideline_version,
        ]
        try:
            self._cursor.execute(insertion("annotation_events", _COLUMNS), values)
        except duckdb.ConstraintException as error:
            raise InputError(
                f"Another sheet already has an edit with the id {event.event_id!r}: reload "
                "the page and repeat the edit."
            ) from error
        return read_time(now)


@contextmanager
def writing_log(store: Store, sheet: SheetKey) -> Iterator[LogWriter]:
    """One transaction on a sheet's log: committed if the block succeeds, otherwise rolled back."""
    with store.writing() as cursor:
        yield LogWriter(cursor, sheet)


def read_log(store: Store, sheet: SheetKey) -> SheetLog:
    """The stored log of a sheet."""
    with store.reading() as cursor:
        return _read(cursor, sheet)


def count_events(store: Store) -> int:
    """Number of all edits; it grows with each one, since the log is only appended to."""
    with store.reading() as cursor:
        (number,) = cursor.execute("SELECT count(*) FROM annotation_events").fetchone() or (0,)
    return int(number)


def has_annotations(store: Store) -> bool:
    """Whether the database contains annotations, which no model can reproduce."""
    with store.reading() as cursor:
        return cursor.execute("SELECT 1 FROM annotation_events LIMIT 1").fetchone() is not None


def events_of(
    store: Store, study_id: str, *, item_id: str | None = None
) -> dict[tuple[str, str], list[AnnotationEvent]]:
    """Events of a study by item and annotator, each in stored order."""
    where, values = "study_id = ?", [study_id]
    if item_id is not None:
        where, values = f"{where} AND item_id = ?", [study_id, item_id]
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT {', '.join(_EVENT)} FROM annotation_events WHERE {where} "
            "ORDER BY item_id, annotator, version",
            values,
        ).fetchall()
    found: dict[tuple[str, str], list[AnnotationEvent]] = defaultdict(list)
    for row in rows:
        event = _event(row)
        found[event.item_id, event.annotator].append(event)
    return dict(found)


def _read(cursor: duckdb.DuckDBPyConnection, sheet: SheetKey) -> SheetLog:
    rows = cursor.execute(
        f"SELECT stored_at, {', '.join(_EVENT)} FROM annotation_events "
        "WHERE study_id = ? AND item_id = ? AND annotator = ? ORDER BY version",
        [sheet.study_id, sheet.item_id, sheet.annotator],
    ).fetchall()
    return SheetLog(
        events=tuple(_event(row[1:]) for row in rows),
        saved_at=read_time(rows[-1][0]) if rows else None,
    )


def _event(row: tuple[Any, ...]) -> AnnotationEvent:
    fields = dict(zip(_EVENT, row, strict=True))
    fields["kind"], fields["payload"] = EventKind(fields["kind"]), json.loads(fields["payload"])
    return AnnotationEvent(**fields)
