"""Batches of runs with their tags and traced phrases: in as Arrow tables, out as Arrow batches."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from itlim.records import ResponseRun
from itlim.records.ratings import JUDGE_RATINGS
from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS, FinishReason
from itlim.store.connection import Store
from itlim.store.runs import save_runs

TABLES = {
    "runs": RUNS,
    "token_shifts": TOKEN_SHIFTS,
    "run_tags": RUN_TAGS,
    "run_phrases": RUN_PHRASES,
    "judge_ratings": JUDGE_RATINGS,
}
"""The tables of the database that describe runs, each with a column run_id."""
_ORDER = {
    "runs": "run_id",
    "token_shifts": "run_id, position",
    "run_tags": "run_id, item",
    "run_phrases": "run_id, dataset",
    "judge_ratings": "run_id, judge, prompt_version",
}
_ROWS_PER_BATCH = 1 << 16


def save_batch(
    store: Store,
    runs: pa.Table,
    tokens: pa.Table | pa.RecordBatchReader,
    tags: pa.Table,
    phrases: pa.Table,
) -> int:
    """Store runs with their tags and phrases; returns the number of new runs.

    Known runs stay as they are; tags and phrases replace those of the same item or dataset.

    Args:
        store: the open database.
        runs: `schema.RUNS`.
        tokens: `schema.TOKEN_SHIFTS` of these runs, in order of position.
        tags: `schema.RUN_TAGS`.
        phrases: `schema.RUN_PHRASES`.
    """
    new = save_runs(store, runs, tokens)
    with store.writing() as cursor:
        for name, table in (("run_tags", tags), ("run_phrases", phrases)):
            cursor.register(f"new_{name}", table.cast(TABLES[name]))
            cursor.execute(f"INSERT OR REPLACE INTO {name} BY NAME SELECT * FROM new_{name}")
    return new


def save_tagged(store: Store, runs: Sequence[ResponseRun], tags: pa.Table) -> int:
    """Store answers without token measures and their tags; returns the number of new answers.

    Args:
        store: the open database.
        runs: the answers; known ones stay as they are.
        tags: `schema.RUN_TAGS`; they replace those of the same item.
    """
    table = pa.Table.from_pylist([run.row() for run in runs], schema=RUNS)
    return save_batch(store, table, TOKEN_SHIFTS.empty_table(), tags, RUN_PHRASES.empty_table())


def name_batch(store: Store, batch: str, run_ids: Collection[str]) -> None:
    """Note which stored runs belong to a batch; ids of runs that are not stored are ignored."""
    with store.writing() as cursor:
        cursor.execute(
            "INSERT OR IGNORE INTO run_batches SELECT run_id, ? FROM runs "
            "WHERE run_id IN (SELECT unnest(?))",
            [batch, list(run_ids)],
        )


def batch_names(store: Store) -> set[str]:
    """Names of all batches with stored answers."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT DISTINCT batch FROM run_batches").fetchall()
    return {row[0] for row in rows}


def pairs_of_batch(store: Store, batch: str) -> list[str]:
    """Pairs with stored answers of a batch, in alphabetical order."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT pair FROM runs JOIN run_batches USING (run_id) WHERE batch = ? "
            "ORDER BY pair",
            [batch],
        ).fetchall()
    return [row[0] for row in rows]


def batch_tag(batch: str) -> str:
    """The tag by which findings are limited to the runs of a batch."""
    return f"batch: {batch}"


def tags_by_run(store: Store) -> dict[str, frozenset[str]]:
    """Task, topic and batch of each run that has one: `task: x`, `topic: y` and `batch: z`."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT run_id, task, topic FROM run_tags").fetchall()
        batches = cursor.execute("SELECT run_id, batch FROM run_batches").fetchall()
    found = tags_of_rows(rows)
    for run_id, batch in batches:
        found[run_id] = found.get(run_id, frozenset()) | {batch_tag(batch)}
    return found


def finished_runs(store: Store, run_ids: Collection[str]) -> set[str]:
    """Which of these runs are stored with a complete answer and its token measures."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT run_id FROM runs WHERE run_id IN (SELECT unnest(?)) "
            "AND base_hash IS NOT NULL AND finish_reason <> ?",
            [list(run_ids), FinishReason.CANCELLED],
        ).fetchall()
    return {row[0] for row in rows}


def tasks_by_run(store: Store) -> dict[str, str]:
    """The task of each run that has one; see `tasks_of_rows`."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT run_id, item, task FROM run_tags").fetchall()
    return tasks_of_rows(rows)


def tasks_of_rows(rows: Iterable[tuple[str, str, str | None]]) -> dict[str, str]:
    """The task of each run that has one; of several, the first one in order of item.

    Args:
        rows: run id, item and task, in any order.

    >>> tasks_of_rows([("a", "2", "math"), ("a", "1", "writing"), ("b", "1", None)])
    {'a': 'writing'}
    """
    found: dict[str, str] = {}
    for run_id, _, task in sorted(rows, key=lambda row: row[:2]):
        if task:
            found.setdefault(run_id, task)
    return found


def tags_of_rows(
    rows: Iterable[tuple[str, str | None, str | None]],
) -> dict[str, frozenset[str]]:
    """Task and topic of rows of run id, task and topic, as `tags_by_run` returns them.

    >>> sorted(tags_of_rows([("a", "math", None), ("a", "math", "sums")])["a"])
    ['task: math', 'topic: sums']
    """
    found: dict[str, frozenset[str]] = {}
    for run_id, task, topic in rows:
        named = {f"{kind}: {tag}" for kind, tag in (("task", task), ("topic", topic)) if tag}
        found[run_id] = found.get(run_id, frozenset()) | named
    return {run_id: tags for run_id, tags in found.items() if tags}


def runs_of_pairs(store: Store, pairs: Sequence[str]) -> list[str]:
    """Ids of the runs of these pairs, or of all pairs if none is given."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT run_id FROM runs WHERE len(?) = 0 OR list_contains(?, pair) ORDER BY run_id",
            [list(pairs), list(pairs)],
        ).fetchall()
    return [row[0] for row in rows]


@contextmanager
def reading_rows(
    store: Store, table: str, run_ids: Sequence[str]
) -> Iterator[Iterator[pa.RecordBatch]]:
    """The rows of some runs as batches of a table in `TABLES`, by run; one batch is in memory."""
    schema = TABLES[table]
    with store.reading() as cursor:
        cursor.register("chosen_runs", pa.table({"run_id": pa.array(run_ids, pa.string())}))
        reader = cursor.sql(
            f"SELECT {', '.join(schema.names)} FROM {table} SEMI JOIN chosen_runs USING (run_id) "
            f"ORDER BY {_ORDER[table]}"
        ).to_arrow_reader(_ROWS_PER_BATCH)
        yield (batch.cast(schema) for batch in reader)
