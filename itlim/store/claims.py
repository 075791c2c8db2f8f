"""Claims on items: an item never has more annotators than its study allows.

Opening an item reserves nothing; the first edit claims it, in the transaction that stores it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from itlim.errors import ItemTakenError
from itlim.records import Study
from itlim.store.columns import stored_now, stored_time
from itlim.store.connection import Store
from itlim.text.messages import plural


class ClaimState(StrEnum):
    """State of a claim."""

    OPEN = "open"
    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    RELEASED = "released"
    """Abandoned for longer than the study allows; the edits are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A person who takes one of an item's places."""

    annotator: str
    state: ClaimState
    """Open or submitted."""


# An open claim was used recently. One that was used far in the future is abandoned as well: the
# clock was set back since, and the claim must not hold its place until that time has come.
RECENT = "(seen_at BETWEEN $fresh AND $latest)"
# A claim takes a place if it was submitted, or if it is open and was used recently.
_IN_USE = f"(state = 'submitted' OR (state = 'open' AND {RECENT}))"
# Items to assign: responses to mark, and comparisons, which are one open batch.
ITEMS = (
    "(SELECT study_id, item_id, batch, position FROM study_items "
    "UNION ALL SELECT study_id, item_id, 0, position FROM comparisons)"
)
FREE = (
    f"SELECT i.item_id FROM {ITEMS} i "
    "LEFT JOIN (SELECT item_id, "
    f"count(*) FILTER ({_IN_USE} AND annotator <> $annotator) AS taken, "
    "bool_or(annotator = $annotator) AS is_begun, "
    f"bool_or(annotator = $annotator AND (state = 'skipped' OR {_IN_USE})) AS is_mine "
    "FROM claims WHERE study_id = $study GROUP BY item_id) c USING (item_id) "
    "WHERE i.study_id = $study AND i.batch <= $batch AND coalesce(c.taken, 0) < $max_annotators "
    "AND NOT coalesce(c.is_mine, false) "
    # A person's own abandoned item comes first, then those that others have begun, so that
    # pairs of annotators are complete early.
    "ORDER BY i.batch, coalesce(c.is_begun, false) DESC, coalesce(c.taken, 0) DESC, i.position"
)


def check_free(
    store: Store, study: Study, annotator: str, item_id: str, *, now: datetime | None = None
) -> None:
    """Check that a person can annotate an item, or has already begun it.

    Raises:
        ItemTakenError: enough others have claimed it, or its batch is not open.
    """
    with store.reading() as cursor:
        _check_free(cursor, study, annotator, item_id, _stored(now))


def take_claim(
    cursor: Any, study: Study, annotator: str, item_id: str, *, now: datetime | None = None
) -> None:
    """Claim an item, inside a transaction of the caller; a claim that exists is renewed.

    Raises:
        ItemTakenError: enough others have claimed it, or its batch is not open.
    """
    moment = _stored(now)
    _release(cursor, study, moment)
    if _check_free(cursor, study, annotator, item_id, moment):
        touch_claim(cursor, study.study_id, item_id, annotator, now=now)
    else:
        _open(cursor, study.study_id, item_id, annotator, moment)


def retake_claim(
    cursor: Any, study: Study, annotator: str, item_id: str, *, now: datetime | None = None
) -> None:
    """Open a submitted or skipped claim again, inside a transaction of the caller.

    Raises:
        ItemTakenError: the item was skipped, and enough others have claimed it since.
    """
    moment = _stored(now)
    _release(cursor, study, moment)
    holders = _holders(cursor, study, item_id, moment)
    others = [one.annotator for one in holders if one.annotator != annotator]
    if len(others) >= study.annotators_per_item:
        raise _taken(others)
    _open(cursor, study.study_id, item_id, annotator, moment)


def holders_of(
    store: Store, study: Study, item_id: str, *, now: datetime | None = None
) -> list[Holder]:
    """The people who take the places of an item, in the order of their claims."""
    with store.reading() as cursor:
        return _holders(cursor, study, item_id, _stored(now))


def _holders(cursor: Any, study: Study, item_id: str, now: datetime) -> list[Holder]:
    rows = cursor.execute(
        "SELECT annotator, state FROM claims WHERE study_id = $study AND item_id = $item "
        f"AND {_IN_USE} ORDER BY claimed_at, annotator",
        {"study": study.study_id, "item": item_id, **recent_values(study, now)},
    ).fetchall()
    return [Holder(annotator=name, state=ClaimState(state)) for name, state in rows]


def _check_free(cursor: Any, study: Study, annotator: str, item_id: str, now: datetime) -> bool:
    """Whether the person has a claim; an error if they have none and cannot get one."""
    mine = cursor.execute(
        "SELECT count(*) FROM claims WHERE study_id = $study AND item_id = $item "
        f"AND annotator = $annotator AND (state = 'skipped' OR {_IN_USE})",
        {
            "study": study.study_id,
            "item": item_id,
            "annotator": annotator,
            **recent_values(study, now),
        },
    ).fetchone()
    if mine and mine[0]:
        return True
    free = cursor.execute(
        f"SELECT count(*) FROM ({FREE}) WHERE item_id = $item",
        {**free_values(study, annotator, now), "item": item_id},
    ).fetchone()
    if not free or not free[0]:
        raise _not_free(cursor, study, item_id, now)
    return False


def _not_free(cursor: Any, study: Study, item_id: str, now: datetime) -> ItemTakenError:
    waiting = cursor.execute(
        f"SELECT batch FROM {ITEMS} WHERE study_id = ? AND item_id = ? AND batch > ?",
        [study.study_id, item_id, study.open_batch],
    ).fetchone()
    if waiting:
        return ItemTakenError(
            f"This item belongs to batch {waiting[0]}, which is not open yet. Go to "
            "the next item; an admin can open the batch."
        )
    holders = _holders(cursor, study, item_id, now)
    if not holders:
        return ItemTakenError("This item is no longer in the study. Go to the next item.")
    return _taken([one.annotator for one in holders])


def _taken(others: Sequence[str]) -> ItemTakenError:
    have = "has" if len(others) == 1 else "have"
    return ItemTakenError(
        f"{' and '.join(others)} {have} taken this item: the study allows "
        f"{plural(len(others), 'annotator')} per item. Your edits are kept; go to the next item."
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
    now = _stored(None)
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
        [_stored(now), study_id, item_id, annotator],
    )


def claim_states(store: Store, study_id: str) -> dict[tuple[str, str], ClaimState]:
    """State of each claim by item and annotator."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT item_id, annotator, state FROM claims WHERE study_id = ?", [study_id]
        ).fetchall()
    return {(item, annotator): ClaimState(state) for item, annotator, state in rows}


def recent_values(study: Study, now: datetime) -> dict[str, datetime]:
    """The values of `RECENT`: between which times an open claim must have been used."""
    minutes = timedelta(minutes=study.claim_minutes)
    return {"fresh": now - minutes, "latest": now + minutes}


def free_values(study: Study, annotator: str, now: datetime) -> dict[str, Any]:
    """The values of `FREE`."""
    return {
        **recent_values(study, now),
        "study": study.study_id,
        "batch": study.open_batch,
        "max_annotators": study.annotators_per_item,
        "annotator": annotator,
    }


def _release(cursor: Any, study: Study, now: datetime) -> None:
    cursor.execute(
        "UPDATE claims SET state = 'released' "
        f"WHERE study_id = $study AND state = 'open' AND NOT {RECENT}",
        {"study": study.study_id, **recent_values(study, now)},
    )


def _open(cursor: Any, study_id: str, item_id: str, annotator: str, now: datetime) -> None:
    cursor.execute(
        "INSERT INTO claims VALUES (?, ?, ?, 'open', ?, ?) "
        "ON CONFLICT DO UPDATE SET state = 'open', claimed_at = excluded.claimed_at, "
        "seen_at = excluded.seen_at",
        [study_id, item_id, annotator, now, now],
    )


def _stored(now: datetime | None) -> datetime:
    return stored_now() if now is None else stored_time(now)
