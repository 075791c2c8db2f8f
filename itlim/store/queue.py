"""The queue of a person: their next item, and their progress. Looking at it changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itlim.records import Study
from itlim.store.claims import FREE, ITEMS, RECENT, ClaimState, free_values, recent_values
from itlim.store.columns import stored_now, stored_time
from itlim.store.connection import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueProgress:
    """Progress of a person."""

    submitted: int
    skipped: int
    open: int
    left: int
    """Items of the open batches that can still be assigned to this person."""
    total: int
    """Number of items in the open batches."""


def next_item(
    store: Store, study: Study, annotator: str, *, now: datetime | None = None
) -> str | None:
    """The next item of a person: the one they have begun, or else the next free item.

    Nothing is reserved: the first mark claims the item (`take_claim`).

    Args:
        store: the open database.
        study: states how many people annotate an item, and which batches are open.
        annotator: the person.
        now: UTC; the current time if None.

    Returns:
        Id of the item; None if there is none for this person.
    """
    moment = stored_now() if now is None else stored_time(now)
    with store.reading() as cursor:
        begun = cursor.execute(
            "SELECT item_id FROM claims WHERE study_id = $study AND annotator = $annotator "
            f"AND state = 'open' AND {RECENT} ORDER BY claimed_at LIMIT 1",
            _mine(study, annotator, moment),
        ).fetchone()
        free = (
            begun
            or cursor.execute(f"{FREE} LIMIT 1", free_values(study, annotator, moment)).fetchone()
        )
    return str(free[0]) if free else None


def progress_of(store: Store, study: Study, annotator: str) -> QueueProgress:
    """Progress of a person in the open batches."""
    moment = stored_now()
    with store.reading() as cursor:
        rows = dict(
            cursor.execute(
                "SELECT state, count(*) FROM claims WHERE study_id = $study "
                f"AND annotator = $annotator AND (state <> 'open' OR {RECENT}) GROUP BY state",
                _mine(study, annotator, moment),
            ).fetchall()
        )
        free = cursor.execute(
            f"SELECT count(*) FROM ({FREE})", free_values(study, annotator, moment)
        ).fetchone()
        total = cursor.execute(
            f"SELECT count(*) FROM {ITEMS} WHERE study_id = ? AND batch <= ?",
            [study.study_id, study.open_batch],
        ).fetchone()
    return QueueProgress(
        submitted=rows.get(ClaimState.SUBMITTED, 0),
        skipped=rows.get(ClaimState.SKIPPED, 0),
        open=rows.get(ClaimState.OPEN, 0),
        left=int(free[0]) if free else 0,
        total=int(total[0]) if total else 0,
    )


def _mine(study: Study, annotator: str, now: datetime) -> dict[str, Any]:
    """The values of a query for the claims of one person."""
    return {"study": study.study_id, "annotator": annotator, **recent_values(study, now)}
