"""Batches of runs with their tags and traced phrases: in as Arrow tables, out as Arrow batches."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.connection import Store
from itlim.store.runs import save_runs

TABLES = {
    "runs": RUNS,
    "token_shifts": TOKEN_SHIFTS,
    "run_tags": RUN_TAGS,
    "run_phrases": RUN_PHRASES,
}
"""The tables of the database that describe runs, each with a column run_id."""
_ORDER = {
    "runs": "run_id",
    "token_shifts": "run_id, position",
    "run_tags": "run_id, item",
    "run_phrases": "run_id, dataset",
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


def tags_by_run(store: Store) -> dict[str, frozenset[str]]:
    """Task and topic of each run that has one, as `task: x` and `topic: y`."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT run_id, task, topic FROM run_tags").fetchall()
    return tags_of_rows(rows)


def tags_of_rows(
    rows: Iterable[tuple[str, str | None, str | None]],
) -> dict[str, frozenset[str]]:
    """Run id, task and topic of each row, as `tags_by_run` returns them.

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
