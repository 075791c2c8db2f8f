"""Studies and their items. The newest version of a study counts; nothing stored is changed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from itlim.errors import ConflictError, NotFoundError
from itlim.records import Item, Label, Role, Study
from itlim.store.columns import stored_now
from itlim.store.connection import Store

_ITEM = (
    "item_id, position, batch, run_id, instruction, input, text, text_sha256, unit_starts, "
    "unit_stops, units_are_tokens"
)

_STUDY_TABLES = (
    "study_items", "comparisons", "side_by_side", "claims", "annotation_events", "study_versions",
)  # fmt: skip


def create_study(store: Store, study: Study, items: Sequence[Item], *, by: str) -> None:
    """Store a new study with its items, in one transaction.

    Raises:
        ConflictError: a study with that id exists.
    """
    with store.writing() as cursor:
        insert_study(cursor, study, by)
        _insert_items(cursor, study.study_id, items)


def insert_study(cursor: Any, study: Study, by: str) -> None:
    """Store the first version of a study, inside a transaction of the caller.

    Raises:
        ConflictError: a study with that id exists.
    """
    known = cursor.execute(
        "SELECT count(*) FROM study_versions WHERE study_id = ?", [study.study_id]
    ).fetchone()
    if known and known[0]:
        raise ConflictError(f"A study {study.study_id!r} already exists: choose another name.")
    _insert_version(cursor, study, 1, by)


def change_study(store: Store, study: Study, *, by: str) -> None:
    """Store a new version, for instance with another guideline, other people or the next batch.

    Raises:
        NotFoundError: there is no such study.
    """
    with store.writing() as cursor:
        row = cursor.execute(
            "SELECT max(version) FROM study_versions WHERE study_id = ?", [study.study_id]
        ).fetchone()
        if row is None or row[0] is None:
            raise _unknown(store, study.study_id)
        _insert_version(cursor, study, int(row[0]) + 1, by)


def add_items(store: Store, study_id: str, items: Sequence[Item]) -> int:
    """Append items; known ones are not changed. Returns the number of new items."""
    with store.writing() as cursor:
        rows = cursor.execute(
            "SELECT item_id, position FROM study_items WHERE study_id = ?", [study_id]
        ).fetchall()
        known = {row[0] for row in rows}
        first = max((row[1] for row in rows), default=-1) + 1
        new = [item for item in items if item.item_id not in known]
        placed = [replace(item, position=first + number) for number, item in enumerate(new)]
        _insert_items(cursor, study_id, placed)
    return len(new)


def replace_items(store: Store, study_id: str, items: Sequence[Item]) -> None:
    """Give a study other items, while nobody has marked.

    Raises:
        ConflictError: somebody has marked an item; nothing was changed.
    """
    with store.writing() as cursor:
        _check_unmarked(cursor, study_id, "its items cannot be changed")
        cursor.execute("DELETE FROM study_items WHERE study_id = ?", [study_id])
        _insert_items(cursor, study_id, items)


def delete_study(store: Store, study_id: str) -> None:
    """Delete a study of any kind in which nobody has marked or judged, with its comments.

    Raises:
        ConflictError: somebody has; nothing was deleted.
    """
    with store.writing() as cursor:
        _check_unmarked(cursor, study_id, "it cannot be deleted")
        for table in _STUDY_TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE study_id = ?", [study_id])


def has_marks(store: Store, study_id: str) -> bool:
    """Whether anybody has marked or judged an item of a study; comments do not count."""
    with store.reading() as cursor:
        return _is_marked(cursor, study_id)


def _is_marked(cursor: Any, study_id: str) -> bool:
    found = cursor.execute(
        "SELECT 1 FROM annotation_events WHERE study_id = $study AND item_id IN ("
        "SELECT item_id FROM study_items WHERE study_id = $study "
        "UNION ALL SELECT item_id FROM comparisons WHERE study_id = $study) LIMIT 1",
        {"study": study_id},
    ).fetchone()
    return found is not None


def _check_unmarked(cursor: Any, study_id: str, consequence: str) -> None:
    if _is_marked(cursor, study_id):
        raise ConflictError(
            f"Somebody has worked on the study {study_id!r}, so {consequence}. Create another one."
        )


def load_study(store: Store, study_id: str) -> Study:
    """The newest version of a study.

    Raises:
        NotFoundError: there is no such study.
    """
    with store.reading() as cursor:
        row = cursor.execute(
            "SELECT config FROM study_versions WHERE study_id = ? ORDER BY version DESC LIMIT 1",
            [study_id],
        ).fetchone()
    if row is None:
        raise _unknown(store, study_id)
    return study_from(json.loads(row[0]))


def list_studies(store: Store) -> list[Study]:
    """All studies with marks, newest first; for side-by-side studies see `store.comparisons`."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT arg_max(config, version) FROM study_versions "
            "WHERE study_id NOT IN (SELECT study_id FROM side_by_side) GROUP BY study_id "
            "ORDER BY min(changed_at) DESC, study_id"
        ).fetchall()
    return [study_from(json.loads(row[0])) for row in rows]


def items_of(store: Store, study_id: str) -> list[Item]:
    """The items of a study, in order."""
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT {_ITEM} FROM study_items WHERE study_id = ? ORDER BY position", [study_id]
        ).fetchall()
    return [_item(row) for row in rows]


def load_item(store: Store, study_id: str, item_id: str) -> Item:
    """One item.

    Raises:
        NotFoundError: the study has no such item.
    """
    with store.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_ITEM} FROM study_items WHERE study_id = ? AND item_id = ?",
            [study_id, item_id],
        ).fetchone()
    if row is None:
        raise NotFoundError(f"The study {study_id!r} has no item {item_id!r}.")
    return _item(row)


def names_in_studies(store: Store) -> list[str]:
    """Annotator names of all events and names in all studies, most recent first.

    Names that are not people's, such as that of final sheets, are included.
    """
    with store.reading() as cursor:
        latest = dict(
            cursor.execute(
                "SELECT annotator, max(stored_at) FROM annotation_events GROUP BY annotator"
            ).fetchall()
        )
        versions = cursor.execute(
            "SELECT config, changed_by, changed_at FROM study_versions"
        ).fetchall()
    for config, by, at in versions:
        for name in (by, *json.loads(config)["people"]):
            latest[name] = max(at, latest.get(name, at))
    return sorted(latest, key=lambda name: (-latest[name].timestamp(), name))


def study_from(config: dict[str, Any]) -> Study:
    """Restore a study from the output of `asdict`."""
    return Study(
        **{
            **config,
            "labels": tuple(Label(**label) for label in config["labels"]),
            "people": {name: Role(role) for name, role in config["people"].items()},
        }
    )


def _insert_version(cursor: Any, study: Study, version: int, by: str) -> None:
    config = json.dumps(asdict(study), ensure_ascii=False, sort_keys=True)
    cursor.execute(
        "INSERT INTO study_versions VALUES (?, ?, ?, ?, ?)",
        [study.study_id, version, config, by, stored_now()],
    )


def _insert_items(cursor: Any, study_id: str, items: Sequence[Item]) -> None:
    for item in items:
        cursor.execute(
            f"INSERT INTO study_items (study_id, {_ITEM}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?, ?)",
            [
                study_id,
                item.item_id,
                item.position,
                item.batch,
                item.run_id,
                item.instruction,
                item.input,
                item.text,
                item.text_sha256,
                [start for start, _ in item.units],
                [stop for _, stop in item.units],
                item.units_are_tokens,
            ],
        )


def _item(row: tuple[Any, ...]) -> Item:
    *facts, starts, stops, are_tokens = row
    item_id, position, batch, run_id, instruction, input_, text, sha256 = facts
    return Item(
        item_id=item_id,
        position=position,
        batch=batch,
        run_id=run_id,
        instruction=instruction,
        input=input_,
        text=text,
        text_sha256=sha256,
        units=tuple(zip(starts, stops, strict=True)),
        units_are_tokens=are_tokens,
    )


def _unknown(store: Store, study_id: str) -> NotFoundError:
    return NotFoundError(
        f"No study {study_id!r} in {store.path}: it is in another database. Create it, or "
        "choose one from the list."
    )
