"""The append-only log of what people did. An event is on disk before anybody is told so."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from itlim.errors import ConflictError
from itlim.records import AnnotationEvent, EventKind
from itlim.store.claims import ClaimState, close_claim
from itlim.store.columns import read_time, stored_now
from itlim.store.connection import Store

_ENDS = {
    EventKind.SUBMIT: ClaimState.SUBMITTED,
    EventKind.COMPARE: ClaimState.SUBMITTED,
    EventKind.SKIP: ClaimState.SKIPPED,
}

_COLUMNS = (
    "event_id, study_id, item_id, annotator, version, kind, payload, client_time, stored_at, "
    "active_ms, tab, guideline_version"
)
_EVENT = "event_id, study_id, item_id, annotator, kind, payload, client_time, active_ms, tab"


def append_events(
    store: Store, events: Sequence[AnnotationEvent], *, base: int, guideline_version: str
) -> int:
    """Store events of one sheet, in order, all or none; one that ends the sheet ends its claim.

    An event whose id is stored already counts as done: sending it again changes nothing.

    Args:
        store: the open database.
        events: of one person and one item.
        base: version of the sheet that the first of them was made on.
        guideline_version: what the person had before their eyes.

    Returns:
        The sheet's version afterwards, in events.

    Raises:
        ConflictError: the sheet has changed since; nothing was stored.
    """
    if not events:
        return base
    sheet = [events[0].study_id, events[0].item_id, events[0].annotator]
    with store.writing() as cursor:
        version = _version(cursor, sheet)
        stored = _stored(cursor, events)
        for number, event in enumerate(events):
            if event.event_id in stored:
                continue
            if base + number != version:
                raise ConflictError(
                    f"This item was changed elsewhere: it has {version} edits, not the "
                    f"{base + number} that this page knows. Take the newer state, then go on."
                )
            version += 1
            cursor.execute(
                f"INSERT INTO annotation_events ({_COLUMNS}) "
                f"VALUES ({', '.join('?' * len(_COLUMNS.split(',')))})",
                _values(event, version, guideline_version),
            )
            if event.kind in _ENDS:
                study_id, item_id, annotator = sheet
                close_claim(cursor, study_id, item_id, annotator, _ENDS[event.kind])
    return version


def _values(event: AnnotationEvent, version: int, guideline_version: str) -> list[Any]:
    return [
        event.event_id,
        event.study_id,
        event.item_id,
        event.annotator,
        version,
        str(event.kind),
        json.dumps(event.payload, ensure_ascii=False, sort_keys=True),
        event.client_time,
        stored_now(),
        event.active_ms,
        event.tab,
        guideline_version,
    ]


def _version(cursor: duckdb.DuckDBPyConnection, sheet: list[str]) -> int:
    row = cursor.execute(
        "SELECT coalesce(max(version), 0) FROM annotation_events "
        "WHERE study_id = ? AND item_id = ? AND annotator = ?",
        sheet,
    ).fetchone()
    return int(row[0]) if row else 0


def _stored(cursor: duckdb.DuckDBPyConnection, events: Sequence[AnnotationEvent]) -> set[str]:
    ids = [event.event_id for event in events]
    rows = cursor.execute(
        "SELECT event_id FROM annotation_events WHERE list_contains(?, event_id)", [ids]
    ).fetchall()
    return {row[0] for row in rows}


def stored_ids(store: Store, ids: Sequence[str]) -> set[str]:
    """Which of these events are on disk."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT event_id FROM annotation_events WHERE list_contains(?, event_id)", [list(ids)]
        ).fetchall()
    return {row[0] for row in rows}


def has_annotations(store: Store) -> bool:
    """Whether anybody has annotated anything: work that no model can do again."""
    with store.reading() as cursor:
        return cursor.execute("SELECT 1 FROM annotation_events LIMIT 1").fetchone() is not None


def last_stored(store: Store, study_id: str, item_id: str, annotator: str) -> datetime | None:
    """When the newest event of a sheet was stored, UTC; None if there is none."""
    with store.reading() as cursor:
        row = cursor.execute(
            "SELECT max(stored_at) FROM annotation_events "
            "WHERE study_id = ? AND item_id = ? AND annotator = ?",
            [study_id, item_id, annotator],
        ).fetchone()
    return read_time(row[0]) if row and row[0] else None


def events_of(
    store: Store, study_id: str, *, item_id: str | None = None, annotator: str | None = None
) -> dict[tuple[str, str], list[AnnotationEvent]]:
    """Events of a study by (item, annotator), each in the order in which they were stored."""
    wheres, values = ["study_id = ?"], [study_id]
    for column, value in (("item_id", item_id), ("annotator", annotator)):
        if value is not None:
            wheres.append(f"{column} = ?")
            values.append(value)
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT {_EVENT} FROM annotation_events WHERE {' AND '.join(wheres)} "
            "ORDER BY item_id, annotator, version",
            values,
        ).fetchall()
    found: dict[tuple[str, str], list[AnnotationEvent]] = defaultdict(list)
    for row in rows:
        event = _event(row)
        found[event.item_id, event.annotator].append(event)
    return dict(found)


def _event(row: tuple[Any, ...]) -> AnnotationEvent:
    event_id, study_id, item_id, annotator, kind, payload, client_time, active_ms, tab = row
    return AnnotationEvent(
        event_id=event_id,
        study_id=study_id,
        item_id=item_id,
        annotator=annotator,
        kind=EventKind(kind),
        payload=json.loads(payload),
        client_time=client_time,
        active_ms=active_ms,
        tab=tab,
    )
