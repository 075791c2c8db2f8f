"""Queries of users, on a copy of documented views and in a process that can be killed."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from itlim.errors import InputError
from itlim.store.connection import Store
from itlim.store.query_process import ERROR_EXIT

VIEWS: Mapping[str, str] = {
    "answers": """
        SELECT run_id, pair, tuning, instruction, input, response, finish_reason, origin,
               count(position) AS n_tokens, avg(kl_tuned_base) AS mean_kl,
               avg((category = 'shifted')::INT) AS share_shifted,
               avg((category = 'marginal')::INT) AS share_marginal
        FROM runs LEFT JOIN (SELECT * FROM token_shifts WHERE NOT is_eos) USING (run_id)
        GROUP BY ALL
    """,
    "tokens": """
        SELECT run_id, position, text, char_start, char_stop, category, base_rank, base_prob,
               tuned_prob, kl_tuned_base, kl_base_tuned, js
        FROM token_shifts WHERE NOT is_eos
    """,
    "tags": "SELECT run_id, item, task, topic FROM run_tags",
}
"""The views that a query can read, by name, as SELECTs over the database. Measures are null for an
answer without tokens."""
EXAMPLES: Mapping[str, str] = {
    "Mean KL and shifted share by pair": (
        "SELECT pair, count(*) AS n, avg(mean_kl) AS mean_kl, avg(share_shifted) AS shifted\n"
        "FROM answers GROUP BY pair ORDER BY mean_kl DESC"
    ),
    "Answers that tuning moved most": (
        "SELECT run_id, pair, mean_kl, instruction, response\n"
        "FROM answers ORDER BY mean_kl DESC LIMIT 20"
    ),
    "Tokens that are shifted most often": (
        "SELECT text, count(*) AS n FROM tokens WHERE category = 'shifted'\n"
        "GROUP BY text ORDER BY n DESC LIMIT 50"
    ),
    "Answers in which SFT and LFT differ": (
        "SELECT s.run_id, s.instruction, s.response AS sft, l.response AS lft\n"
        "FROM answers s JOIN answers l USING (instruction)\n"
        "WHERE s.pair = 'real-sft' AND l.pair = 'real-lft' AND s.response <> l.response"
    ),
}
MAX_ROWS, MAX_SECONDS, MEMORY_MB, THREADS = 5_000, 10.0, 512, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The rows of a query."""

    rows: pa.Table
    is_cut: bool
    """Whether there are more rows than the limit."""


def data_stamp(store: Store) -> tuple[int | None, ...]:
    """Numbers that change with the set of stored runs or of their tags.

    Runs never change: their ids are hashes of their contents.
    """
    with store.reading() as cursor:
        found = cursor.execute(
            "SELECT (SELECT bit_xor(hash(run_id)) FROM runs), "
            "(SELECT bit_xor(hash(run_id, item, task, topic)) FROM run_tags)"
        ).fetchone()
    return tuple(found or ())


def export_views(store: Store, path: Path) -> None:
    """Write the views as tables of a new DuckDB file; an existing file is replaced.

    Args:
        store: the open database.
        path: file to write.
    """
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.unlink(missing_ok=True)
    with duckdb.connect(str(draft)) as copy, store.reading() as cursor:
        for name, select in VIEWS.items():
            table = cursor.sql(select).to_arrow_table()
            copy.register("exported", table)
            copy.execute(f"CREATE TABLE {name} AS SELECT * FROM exported")
            copy.unregister("exported")
    draft.replace(path)


def run_query(
    path: Path,
    sql: str,
    *,
    max_rows: int = MAX_ROWS,
    max_seconds: float = MAX_SECONDS,
    memory_mb: int = MEMORY_MB,
) -> QueryResult:
    """Run one SELECT on exported views; the process is killed at the time limit.

    Args:
        path: file that `export_views` wrote.
        sql: the query.
        max_rows: rows beyond this are left out, and the result says so.
        max_seconds: wall-clock limit.
        memory_mb: memory of the query; it may not use the disk.

    Raises:
        InputError: the query is not one SELECT, is invalid, forbidden, too large or too slow.
    """
    limits = {"max_rows": max_rows, "memory_mb": memory_mb, "threads": THREADS}
    command = [sys.executable, "-m", "itlim.store.query_process", str(path)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps({"sql": sql, **limits}).encode(),
            capture_output=True,
            timeout=max_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"The query took longer than {max_seconds:g} seconds and was stopped. Select fewer "
            "rows, or aggregate."
        ) from error
    if done.returncode == ERROR_EXIT:
        reason = json.loads(done.stdout)["error"]
        raise InputError(
            f"{reason} Expected one SELECT over the views {', '.join(VIEWS)}; files, extensions "
            "and settings are not accessible."
        )
    if done.returncode != 0:
        raise InputError(
            f"The query ended unexpectedly (exit code {done.returncode}), probably for lack of "
            "memory. Select fewer rows."
        )
    with pa.ipc.open_stream(done.stdout) as stream:
        rows = stream.read_all()
    return QueryResult(rows=rows.slice(0, max_rows), is_cut=rows.num_rows > max_rows)
