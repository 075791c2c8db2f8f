"""Who is at work on what: an item is never handed to more people than its study asks for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from itlim.errors import ConflictError
from itlim.records import Study
from itlim.store.columns import stored_now, stored_time
from itlim.store.connection import Store


class ClaimState(StrEnum):
    """What became of a claim."""

    OPEN = "open"
    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    RELEASED = "released"
    """Abandoned for longer than the study allows; the work on it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueProgress:
    """How far a person is."""

    submitted: int
    skipped: int
    open: int
    left: int
    """Items of the open batches that this person may still be handed."""
    total: int
    """Items of the open batches."""


# An open or submitted claim takes a place; a skipped or released one leaves it to others.
_TAKEN = "count(*) FILTER (state IN ('open', 'submitted'))"
# What can be handed out: responses to mark, and comparisons, which are one open batch.
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
    # Items others have begun come first, so that pairs of annotators are complete early.
    "ORDER BY i.batch, coalesce(c.taken, 0) DESC, i.position"
)


def claim_next(
    store: Store, study: Study, annotator: str, *, now: datetime | None = None
) -> str | None:
    """The item that a person goes on with: the one they hold, else the next free one.

    Args:
        store: the open database.
        study: says how many people an item may be handed to, and which batches are open.
        annotator: who asks.
        now: UTC, for tests.

    Returns:
        The item's id; None if nothing is left for this person.
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
    """Go on with one item, as from a permalink or after it was released.

    Raises:
        ConflictError: enough others have it, or its batch is not open.
    """
    with store.writing() as cursor:
        take_claim(cursor, study, annotator, item_id, now=now)


def take_claim(
    cursor: Any, study: Study, annotator: str, item_id: str, *, now: datetime | None = None
) -> None:
    """As `claim_item`, inside a transaction of the caller.

    Raises:
        ConflictError: enough others have it, or its batch is not open.
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
            "next one; an admin opens the batch."
        )
    return ConflictError(
        f"This item is with {study.annotators_per_item} other people already, which is all "
        "the study asks for. What you did on it is kept; take the next one."
    )


def close_claim(
    cursor: Any, study_id: str, item_id: str, annotator: str, state: ClaimState
) -> None:
    """Say that a person is done with an item, in the transaction that stores how it ended."""
    cursor.execute(
        "UPDATE claims SET state = ? WHERE study_id = ? AND item_id = ? AND annotator = ?",
        [str(state), study_id, item_id, annotator],
    )


def set_claim(cursor: Any, study_id: str, item_id: str, annotator: str, state: ClaimState) -> None:
    """Say what became of an item that was annotated elsewhere, as it is stored."""
    now = _moment(None)
    cursor.execute(
        "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET state = excluded.state",
        [study_id, item_id, annotator, str(state), now, now],
    )


def renew_claim(
    store: Store, study_id: str, item_id: str, annotator: str, *, now: datetime | None = None
) -> None:
    """Say that a person is still at work, so that the item is not handed on."""
    with store.writing() as cursor:
        touch_claim(cursor, study_id, item_id, annotator, now=now)


def touch_claim(
    cursor: Any, study_id: str, item_id: str, annotator: str, *, now: datetime | None = None
) -> None:
    """As `renew_claim`, inside a transaction of the caller."""
    cursor.execute(
        "UPDATE claims SET seen_at = ? WHERE study_id = ? AND item_id = ? AND annotator = ?",
        [_moment(now), study_id, item_id, annotator],
    )


def progress_of(store: Store, study: Study, annotator: str) -> QueueProgress:
    """How far a person is in the open batches."""
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
    """State by (item, annotator)."""
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
