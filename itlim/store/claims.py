"""Claims on items: an item is never assigned to more people than its study allows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from itlim.errors import ConflictError
from itlim.records import Study
from itlim.store.columns import stored_now, stored_time
from itlim.store.connection import Store


class ClaimState(StrEnum):
    """State of a claim."""

    OPEN = "open"
    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    RELEASED = "released"
    """Abandoned for longer than the study allows; the edits are kept."""


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


# Open and submitted claims count towards the limit; skipped and released ones do not.
_TAKEN = "count(*) FILTER (state IN ('open', 'submitted'))"
# Items to assign: responses to mark, and comparisons, which are one open batch.
_ITEMS = (
    "(SELECT study_id, item_id, batch, position FROM study_items "
    "UNION ALL SELECT study_id, item_id, 0, position FROM comparisons)"
)
_FREE = (
    f"SELECT i.item_id FROM {_ITEMS} i "
    f"LEFT JOIN (SELECT item_id, {_TAKEN} AS taken FROM claims WHERE study_id = $study "
    "GROUP BY item_id) c USING (item_id) "
    "WHERE i.study_id = $study AND i.batch <= $batch AND coalesce(c.taken, 0) < $most "
    "AND i.item_id NOT IN (SELECT item_id FROM claims WHERE study_id = $study "
    "AND annotator = $annotator AND state <> 'released') "
    # Items that others have begun come first, so that pairs of annotators are complete early.
    "ORDER BY i.batch, coalesce(c.taken, 0) DESC, i.position"
)


def claim_next(
    store: Store, study: Study, annotator: str, *, now: datetime | None = None
) -> str | None:
    """The next item of a person: their open claim, or else the next free item.

    Args:
        store: the open database.
        study: states how many people annotate an item, and which batches are open.
        annotator: the person.
        now: time of the claim, UTC; the current time if None.

    Returns:
        Id of the item; None if there is none for this person.
    """
    moment = _moment(now)
    with store.writing() as cursor:
        _release(cursor, study, moment)
        held = cursor.execute(
            "SELECT item_id FROM claims WHERE study_id = ? AND annotator = ? AND state = 'open' "
            "ORDER BY claimed_at LIMIT 1",
            [study.study_id, annotator],
        ).fetchone()
        if held:
            touch_claim(cursor, study.study_id, held[0], annotator, now=now)
            return str(held[0])
        free = cursor.execute(f"{_FREE} LIMIT 1", _asked(study, annotator)).fetchone()
        if free is None:
            return None
        _open(cursor, study.study_id, free[0], annotator, moment)
        return str(free[0])


def claim_item(
    store: Store, study: Study, annotator: str, item_id: str, *, now: datetime | None = None
) -> None:
    """Claim a given item, for instance from a permalink or after its release.

    Raises:
        ConflictError: enough others have claimed it, or its batch is not open.
    """
    with store.writing() as cursor:
        take_claim(cursor, study, annotator, item_id, now=now)


def take_claim(
    cursor: Any, study: Study, annotator: str, item_id: str, *, now: datetime | None = None
) -> None:
    """Like `claim_item`, inside a transaction of the caller.

    Raises:
        ConflictError: enough others have claimed it, or its batch is not open.
    """
    moment = _moment(now)
    _release(cursor, study, moment)
    state = cursor.execute(
        "SELECT state FROM claims WHERE study_id = ? AND item_id = ? AND annotator = ?",
        [study.study_id, item_id, annotator],
    ).fetchone()
    if state and state[0] != ClaimState.RELEASED:
        touch_claim(cursor, study.study_id, item_id, annotator, now=now)
        return
    free = cursor.execute(
        f"SELECT count(*) FROM ({_FREE}) WHERE item_id = $item",
        {**_asked(study, annotator), "item": item_id},
    ).fetchone()
    if not free or not free[0]:
        raise _not_free(cursor, study, item_id)
    _open(cursor, study.study_id, item_id, annotator, moment)


def _not_free(cursor: Any, study: Study, item_id: str) -> ConflictError:
    waiting = cursor.execute(
        f"SELECT batch FROM {_ITEMS} WHERE study_id = ? AND item_id = ? AND batch > ?",
        [study.study_id, item_id, study.open_batch],
    ).fetchone()
    if waiting:
        return ConflictError(
            f"This item belongs to batch {waiting[0]}, which is not open yet. Take the "
            "next one; an admin can open the batch."
        )
    others = study.annotators_per_item
    return ConflictError(
        f"This item is already assigned to {others} other {'person' if others == 1 else 'people'}, "
        "which is "
        "the limit of the study. Your edits are kept; take the next item."
    )


def close_claim(
    cursor: Any, study_id: str, item_id: str, annotator: str, state: ClaimState
) -> None:
    """End a claim, in the transaction that stores the final event."""
    cursor.execute(
        "UPDATE claims SET state = ? WHERE study_id = ? AND item_id = ? AND annotator = ?",
        [str(state), study_id, item_id, annotator],
    )


def set_claim(cursor: Any, study_id: str, item_id: str, annotator: str, state: ClaimState) -> None:
    """Set the claim of an item that was annotated elsewhere."""
    now = _moment(None)
    cursor.execute(
        "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET state = excluded.state",
        [study_id, item_id, annotator, str(state), now, now],
    )


def renew_claim(
    store: Store, study_id: str, item_id: str, annotator: str, *, now: datetime | None = None
) -> None:
    """Renew a claim, so that the item is not reassigned."""
    with store.writing() as cursor:
        touch_claim(cursor, study_id, item_id, annotator, now=now)


def touch_claim(
    cursor: Any, study_id: str, item_id: str, annotator: str, *, now: datetime | None = None
) -> None:
    """Like `renew_claim`, inside a transaction of the caller."""
    cursor.execute(
        "UPDATE claims SET seen_at = ? WHERE study_id = ? AND item_id = ? AND annotator = ?",
        [_moment(now), study_id, item_id, annotator],
    )


def progress_of(store: Store, study: Study, annotator: str) -> QueueProgress:
    """Progress of a person in the open batches."""
    with store.reading() as cursor:
        rows = dict(
            cursor.execute(
                "SELECT state, count(*) FROM claims WHERE study_id = ? AND annotator = ? "
                "GROUP BY state",
                [study.study_id, annotator],
            ).fetchall()
        )
        free = cursor.execute(
            f"SELECT count(*) FROM ({_FREE})", _asked(study, annotator)
        ).fetchone()
        total = cursor.execute(
            f"SELECT count(*) FROM {_ITEMS} WHERE study_id = ? AND batch <= ?",
            [study.study_id, study.open_batch],
        ).fetchone()
    return QueueProgress(
        submitted=rows.get(ClaimState.SUBMITTED, 0),
        skipped=rows.get(ClaimState.SKIPPED, 0),
        open=rows.get(ClaimState.OPEN, 0),
        left=int(free[0]) if free else 0,
        total=int(total[0]) if total else 0,
    )


def claim_states(store: Store, study_id: str) -> dict[tuple[str, str], ClaimState]:
    """State of each claim by item and annotator."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT item_id, annotator, state FROM claims WHERE study_id = ?", [study_id]
        ).fetchall()
    return {(item, annotator): ClaimState(state) for item, annotator, state in rows}


def _asked(study: Study, annotator: str) -> dict[str, Any]:
    return {
        "study": study.study_id,
        "batch": study.open_batch,
        "most": study.annotators_per_item,
        "annotator": annotator,
    }


def _release(cursor: Any, study: Study, now: datetime) -> None:
    cursor.execute(
        "UPDATE claims SET state = 'released' "
        "WHERE study_id = ? AND state = 'open' AND seen_at < ?",
        [study.study_id, now - timedelta(minutes=study.claim_minutes)],
    )


def _open(cursor: Any, study_id: str, item_id: str, annotator: str, now: datetime) -> None:
    cursor.execute(
        "INSERT INTO claims VALUES (?, ?, ?, 'open', ?, ?) "
        "ON CONFLICT DO UPDATE SET state = 'open', claimed_at = excluded.claimed_at, "
        "seen_at = excluded.seen_at",
        [study_id, item_id, annotator, now, now],
    )


def _moment(now: datetime | None) -> datetime:
    return stored_now() if now is None else stored_time(now)
