"""The append-only log of what people did. An event is on disk before anybody is told so."""

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
from itlim.store.claims import ClaimState, close_claim, set_claim, take_claim, touch_claim
from itlim.store.columns import insertion, read_time, stored_now
from itlim.store.connection import Store

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
    """Names one sheet: one person's work on one item of a study."""

    study_id: str
    item_id: str
    annotator: str

    @classmethod
    def of(cls, event: AnnotationEvent) -> Self:
        """The sheet that an event belongs to."""
        return cls(study_id=event.study_id, item_id=event.item_id, annotator=event.annotator)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLog:
    """What is stored of one sheet."""

    events: tuple[AnnotationEvent, ...]
    """In the order in which they were stored; their number is the sheet's version."""
    saved_at: datetime | None
    """When the newest was stored, UTC; None if there is none."""

    def lacks(self, events: Sequence[AnnotationEvent]) -> list[AnnotationEvent]:
        """Those of some events that are not stored yet, in their order."""
        ids = {event.event_id for event in self.events}
        return [event for event in events if event.event_id not in ids]


class LogWriter:
    """The log of one sheet inside a transaction: read once, then appended to."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, sheet: SheetKey) -> None:
        self._cursor = cursor
        self._sheet = sheet
        self.log = _read(cursor, sheet)
        """As it was when the transaction began."""

    def claim(self, study: Study) -> None:
        """Make sure that the item is this person's to work on.

        Raises:
            ConflictError: it was handed on, or its batch is not open.
        """
        take_claim(self._cursor, study, self._sheet.annotator, self._sheet.item_id)

    def set_claim(self, state: ClaimState) -> None:
        """Say what became of an item that was annotated elsewhere."""
        key = self._sheet
        set_claim(self._cursor, key.study_id, key.item_id, key.annotator, state)

    def renew_claim(self) -> None:
        """Say that the person is still at work, so that the item is not handed on."""
        touch_claim(self._cursor, self._sheet.study_id, self._sheet.item_id, self._sheet.annotator)

    def append(
        self, events: Sequence[AnnotationEvent], *, base: int, guideline_version: str
    ) -> SheetLog:
        """Add events in order; one that ends the sheet ends its claim.

        An event that is stored already counts as done: sending it again changes nothing.

        Args:
            events: of this sheet.
            base: version of the sheet that the first of them was made on.
            guideline_version: of the guideline that the person saw.

        Returns:
            The log afterwards.

        Raises:
            ConflictError: the sheet has changed since.
            InputError: an event of this id is in another sheet.
        """
        stored, saved_at = list(self.log.events), self.log.saved_at
        new = {event.event_id for event in self.log.lacks(events)}
        for number, event in enumerate(events):
            if event.event_id not in new:
                continue
            if base + number != len(stored):
                raise ConflictError(
                    f"This item was changed elsewhere: it has {len(stored)} edits, not the "
                    f"{base + number} that this page knows. Take the newer state, then go on."
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
                f"An edit of the id {event.event_id!r} is stored already, in another sheet: reload "
                "the page and make the edit again."
            ) from error
        return read_time(now)


@contextmanager
def writing_log(store: Store, sheet: SheetKey) -> Iterator[LogWriter]:
    """One transaction on a sheet's log: on disk when the block ends well, undone otherwise."""
    with store.writing() as cursor:
        yield LogWriter(cursor, sheet)


def read_log(store: Store, sheet: SheetKey) -> SheetLog:
    """What is stored of a sheet."""
    with store.reading() as cursor:
        return _read(cursor, sheet)


def has_annotations(store: Store) -> bool:
    """Whether anybody has annotated anything: work that no model can do again."""
    with store.reading() as cursor:
        return cursor.execute("SELECT 1 FROM annotation_events LIMIT 1").fetchone() is not None


def events_of(
    store: Store, study_id: str, *, item_id: str | None = None
) -> dict[tuple[str, str], list[AnnotationEvent]]:
    """Events of a study by (item, annotator), each in the order in which they were stored."""
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
