"""Side-by-side studies: their comparisons, and stored answers that can be compared."""

from collections.abc import Sequence
from typing import Any

from itlim.errors import InputError, NotFoundError
from itlim.records import REPHRASED_ORIGIN, Comparison, SideBySide, Study
from itlim.store.connection import Store
from itlim.store.studies import insert_study, load_study

_COMPARISON = "item_id, position, instruction, input, run_a, text_a, run_b, text_b"
# One answer per pair and question: the newest that the model generated itself.
_ANSWERS = (
    "SELECT pair, instruction, input, arg_max(run_id, (created_at, run_id)) AS run_id, "
    "arg_max(response, (created_at, run_id)) AS text FROM runs "
    "WHERE finish_reason IS DISTINCT FROM 'pasted' "
    f"AND origin <> '{REPHRASED_ORIGIN}' AND trim(response) <> '' "
    "GROUP BY pair, instruction, input"
)


def answering_pairs(store: Store) -> dict[str, int]:
    """Pairs with stored answers, and their numbers of different questions."""
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT pair, count(*) FROM ({_ANSWERS}) GROUP BY pair ORDER BY pair"
        ).fetchall()
    return dict(rows)


def answered_by_both(store: Store, pair_a: str, pair_b: str) -> list[Comparison]:
    """Instructions that both pairs answered, with the newest answer of each, sorted.

    Instruction and input must be equal. Texts that were only scored, and empty answers, do not
    count.

    Raises:
        InputError: both pairs are the same.
    """
    if pair_a == pair_b:
        raise InputError(f"{pair_a!r} cannot be compared with itself: choose two different pairs.")
    with store.reading() as cursor:
        rows = cursor.execute(
            f"WITH answers AS ({_ANSWERS}) "
            "SELECT '', 0, a.instruction, a.input, a.run_id, a.text, b.run_id, b.text "
            "FROM answers a JOIN answers b USING (instruction, input) "
            "WHERE a.pair = ? AND b.pair = ? ORDER BY a.instruction, a.input",
            [pair_a, pair_b],
        ).fetchall()
    return [_comparison(row) for row in rows]


def create_side_by_side(
    store: Store, study: Study, compared: SideBySide, items: Sequence[Comparison], *, by: str
) -> None:
    """Store a new study with its comparisons, in one transaction.

    Raises:
        ConflictError: a study of any kind has that id.
    """
    with store.writing() as cursor:
        insert_study(cursor, study, by)
        cursor.execute(
            "INSERT INTO side_by_side (study_id, pair_a, pair_b, n_both, n_same) "
            "VALUES (?, ?, ?, ?, ?)",
            [study.study_id, compared.pair_a, compared.pair_b, compared.n_both, compared.n_same],
        )
        for item in items:
            cursor.execute(
                f"INSERT INTO comparisons (study_id, {_COMPARISON}) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [study.study_id, *_values(item)],
            )


def side_by_side_studies(store: Store) -> list[Study]:
    """All side-by-side studies, newest first."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT study_id FROM side_by_side JOIN study_versions USING (study_id) "
            "GROUP BY study_id ORDER BY min(changed_at) DESC, study_id"
        ).fetchall()
    return [load_study(store, row[0]) for row in rows]


def compared_pairs(store: Store, study_id: str) -> SideBySide:
    """The two pairs of a study.

    Raises:
        NotFoundError: there is no such side-by-side study.
    """
    with store.reading() as cursor:
        row = cursor.execute(
            "SELECT pair_a, pair_b, n_both, n_same FROM side_by_side WHERE study_id = ?",
            [study_id],
        ).fetchone()
    if row is None:
        raise NotFoundError(
            f"There is no side-by-side study {study_id!r} in {store.path}: create it, or choose "
            "another one from the list."
        )
    return SideBySide(pair_a=row[0], pair_b=row[1], n_both=row[2], n_same=row[3])


def comparisons_of(store: Store, study_id: str) -> list[Comparison]:
    """The comparisons of a study, in order."""
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT {_COMPARISON} FROM comparisons WHERE study_id = ? ORDER BY position",
            [study_id],
        ).fetchall()
    return [_comparison(row) for row in rows]


def load_comparison(store: Store, study_id: str, item_id: str) -> Comparison:
    """One comparison.

    Raises:
        NotFoundError: the study has no such item.
    """
    with store.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_COMPARISON} FROM comparisons WHERE study_id = ? AND item_id = ?",
            [study_id, item_id],
        ).fetchone()
    if row is None:
        raise NotFoundError(f"The study {study_id!r} has no comparison {item_id!r}.")
    return _comparison(row)


def _values(item: Comparison) -> list[Any]:
    return [
        item.item_id,
        item.position,
        item.instruction,
        item.input,
        item.run_a,
        item.text_a,
        item.run_b,
        item.text_b,
    ]


def _comparison(row: tuple[Any, ...]) -> Comparison:
    item_id, position, instruction, input_, run_a, text_a, run_b, text_b = row
    return Comparison(
        item_id=item_id,
        position=position,
        instruction=instruction,
        input=input_,
        run_a=run_a,
        text_a=text_a,
        run_b=run_b,
        text_b=text_b,
    )
