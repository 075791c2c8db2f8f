"""Runs and their token rows: save, load, list, delete, ship."""

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from itlim.errors import NotFoundError, StoreError
from itlim.records import REPHRASED_ORIGIN, ResponseRun, Run, StoredRun, run_of_row
from itlim.schema import RUNS, TOKEN_SHIFTS, DecodingMode
from itlim.store.connection import Store

# The database stores UTC times without a zone (migration 0001).
STORED_RUNS = RUNS.set(
    RUNS.get_field_index("created_at"), pa.field("created_at", pa.timestamp("us"), nullable=False)
)
_OF_RUNS = (
    *("token_shifts", "run_tags", "run_phrases", "run_batches"),
    *("remote_runs", "remote_tokens", "judge_ratings", "judge_quotes"),
)
"""Tables whose rows are deleted with their run."""


def save_run(store: Store, run: StoredRun) -> None:
    """Store a run; an existing run with the same id is not changed."""
    if isinstance(run, ResponseRun):
        save_responses(store, [run])
    else:
        save_runs(store, pa.Table.from_pylist([run.row()], schema=RUNS), run.tokens)


def save_responses(store: Store, runs: Sequence[ResponseRun]) -> int:
    """Store answers without token measures in one transaction; returns the number of new ones."""
    table = pa.Table.from_pylist([run.row() for run in runs], schema=RUNS)
    return save_runs(store, table, TOKEN_SHIFTS.empty_table())


def save_runs(store: Store, runs: pa.Table, tokens: pa.Table | pa.RecordBatchReader) -> int:
    """Store many runs in one transaction; returns the number of new ones.

    Args:
        store: the open database.
        runs: `schema.RUNS`.
        tokens: `schema.TOKEN_SHIFTS` of these runs, in order of position; none of those without
            measures.
    """
    for table, schema in ((runs, RUNS), (tokens, TOKEN_SHIFTS)):
        if table.schema.names != schema.names:
            raise StoreError(
                f"The columns {table.schema.names} do not fit the store: expected {schema.names}."
            )
    with store.writing() as cursor:
        cursor.register("new_runs", runs.cast(STORED_RUNS))
        cursor.register("new_token_shifts", tokens)
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE missing AS SELECT run_id FROM new_runs "
            "WHERE run_id NOT IN (SELECT run_id FROM runs)"
        )
        for name in ("runs", "token_shifts"):
            cursor.execute(
                f"INSERT INTO {name} BY NAME "
                f"SELECT * FROM new_{name} SEMI JOIN missing USING (run_id)"
            )
        return int(_scalar(cursor.execute("SELECT count(*) FROM missing")))


def load_run(store: Store, run_id: str) -> StoredRun | None:
    """The run with that id, or None."""
    with store.reading() as cursor:
        rows = _table(cursor, f"SELECT {_names(RUNS)} FROM runs WHERE run_id = ?", [run_id])
        tokens = _table(
            cursor,
            f"SELECT {_names(TOKEN_SHIFTS)} FROM token_shifts WHERE run_id = ? ORDER BY position",
            [run_id],
        )
    if rows.num_rows == 0:
        return None
    return run_of_row(rows.cast(RUNS).to_pylist()[0], tokens.cast(TOKEN_SHIFTS))


def load_measured(store: Store, run_id: str) -> Run | None:
    """The run with that id, or None if there is none or it has no token measures."""
    run = load_run(store, run_id)
    return run if isinstance(run, Run) else None


def require_run(store: Store, run_id: str) -> StoredRun:
    """The run with that id.

    Raises:
        NotFoundError: the database has no such run.
    """
    run = load_run(store, run_id)
    if run is None:
        raise NotFoundError(
            f"No run {run_id[:80]!r} in {store.path}: it was deleted, or the link is from another "
            "machine. Ask for its export, or ask the question again."
        )
    return run


def list_runs(
    store: Store,
    *,
    pairs: Sequence[str] = (),
    search: str = "",
    limit: int = 500,
    with_rephrased: bool = False,
) -> pa.Table:
    """Runs, newest first, with counts of their tokens' categories.

    Args:
        store: the open database.
        pairs: only these pairs; all if empty.
        search: only runs whose instruction or response contains this text, ignoring case.
        limit: maximum number of rows.
        with_rephrased: whether answers to rephrased questions (`REPHRASED_ORIGIN`) are included.

    Returns:
        run_id, created_at, pair, instruction, input, response, origin, n_tokens,
        n_marginal, n_shifted, mean_kl (nats; end-of-sequence tokens are excluded from all four,
        which are null for a run without token measures).
    """
    with store.reading() as cursor:
        return _table(
            cursor,
            """
            WITH chosen AS (
                SELECT * FROM runs
                WHERE (len(?) = 0 OR list_contains(?, pair))
                  AND (contains(lower(instruction), lower(?))
                       OR contains(lower(response), lower(?)))
                  AND (? OR origin <> ?)
                ORDER BY created_at DESC, run_id LIMIT ?
            ), counted AS (
                SELECT run_id, count(*) AS n_tokens,
                       count_if(category = 'marginal') AS n_marginal,
                       count_if(category = 'shifted') AS n_shifted,
                       avg(kl_tuned_base) AS mean_kl
                FROM token_shifts WHERE NOT is_eos AND run_id IN (SELECT run_id FROM chosen)
                GROUP BY run_id
            )
            SELECT run_id, created_at, pair, instruction, input, response, origin,
                   if(base_hash IS NULL, NULL, coalesce(n_tokens, 0)) AS n_tokens,
                   if(base_hash IS NULL, NULL, coalesce(n_marginal, 0)) AS n_marginal,
                   if(base_hash IS NULL, NULL, coalesce(n_shifted, 0)) AS n_shifted, mean_kl
            FROM chosen LEFT JOIN counted USING (run_id) ORDER BY created_at DESC, run_id
            """,
            [list(pairs), list(pairs), search, search, with_rephrased, REPHRASED_ORIGIN, limit],
        )


def load_answers(store: Store, pair: str) -> pa.Table:
    """What a pair's tuned model itself answered, oldest first; pasted texts are left out.

    Args:
        store: the open database.
        pair: name of the pair, or of a model whose answers were imported.

    Returns:
        instruction, input, response.
    """
    with store.reading() as cursor:
        return _table(
            cursor,
            "SELECT instruction, input, response FROM runs "
            "WHERE pair = ? AND decoding IS DISTINCT FROM ? AND origin <> ? "
            "ORDER BY created_at, run_id",
            [pair, DecodingMode.PASTED, REPHRASED_ORIGIN],
        )


def load_tokens(store: Store, *, pair: str, origin: str, columns: Sequence[str]) -> pa.Table:
    """Token rows of all runs of a pair, by run and position.

    Args:
        store: the open database.
        pair: name of the pair.
        origin: live, import or demo; runs without token measures have no rows.
        columns: columns of TOKEN_SHIFTS, with or without run_id.
    """
    unknown = set(columns) - set(TOKEN_SHIFTS.names)
    if unknown:
        raise StoreError(f"Token rows have no column {sorted(unknown)[0]!r}.")
    with store.reading() as cursor:
        return _table(
            cursor,
            f"SELECT {', '.join(f't.{name}' for name in columns)} FROM token_shifts t "
            "JOIN runs USING (run_id) WHERE pair = ? AND origin = ? ORDER BY run_id, position",
            [pair, origin],
        )


def load_scored(
    store: Store, pair: str, run_columns: Sequence[str], token_columns: Sequence[str]
) -> tuple[pa.Table, pa.Table]:
    """What a pair's tuned model itself answered, with its tokens; rephrased questions left out.

    Answers that were imported without models have no tokens.

    Args:
        store: the open database.
        pair: name of the pair.
        run_columns: columns of RUNS.
        token_columns: columns of TOKEN_SHIFTS.

    Returns:
        Runs in order of instruction and id, and tokens in order of run and position.
    """
    of_pair = "pair = ? AND decoding IS DISTINCT FROM ? AND origin <> ?"
    values = [pair, DecodingMode.PASTED, REPHRASED_ORIGIN]
    with store.reading() as cursor:
        runs = _table(
            cursor,
            f"SELECT {', '.join(run_columns)} FROM runs WHERE {of_pair} "
            "ORDER BY instruction, run_id",
            values,
        )
        tokens = _table(
            cursor,
            f"SELECT {', '.join(f't.{name}' for name in token_columns)} FROM token_shifts t "
            f"JOIN runs USING (run_id) WHERE {of_pair} ORDER BY run_id, position",
            values,
        )
    return runs, tokens


def delete_runs(store: Store, run_ids: Iterable[str]) -> int:
    """Delete runs with all that belongs to them; returns the number of deleted runs."""
    wanted = list(run_ids)
    with store.writing() as cursor:
        for table in _OF_RUNS:
            cursor.execute(f"DELETE FROM {table} WHERE list_contains(?, run_id)", [wanted])
        cursor.execute(
            "DELETE FROM judge_preferences "
            "WHERE list_contains(?, run_first) OR list_contains(?, run_second)",
            [wanted, wanted],
        )
        return int(
            _scalar(cursor.execute("DELETE FROM runs WHERE list_contains(?, run_id)", [wanted]))
        )


def pairs_with_runs(store: Store) -> list[str]:
    """Names of the pairs of all runs, in alphabetical order."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT DISTINCT pair FROM runs ORDER BY pair").fetchall()
    return [row[0] for row in rows]


def count_runs(store: Store) -> int:
    """Number of runs in the database."""
    with store.reading() as cursor:
        return int(_scalar(cursor.execute("SELECT count(*) FROM runs")))


def _names(schema: pa.Schema) -> str:
    return ", ".join(schema.names)


def _table(cursor: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> pa.Table:
    return cursor.sql(sql, params=values).to_arrow_table()


def _scalar(cursor: duckdb.DuckDBPyConnection) -> Any:
    row = cursor.fetchone()
    if row is None:
        raise StoreError("The database returned no row where one is required.")
    return row[0]
