"""Queries of users, on a copy of documented views and in a process that can be killed."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from itlim.disk import full_error_of, whole_file
from itlim.errors import InputError
from itlim.store.connection import Store
from itlim.store.query_process import ERROR_EXIT, SIZE_EXIT

VIEWS: Mapping[str, str] = {
    "answers": """
        SELECT run_id, pair, tuning, instruction, input, response, decoding,
               finish_reason, origin,
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
    "ratings": "SELECT run_id, pair, task, judge, prompt_version, status, helpfulness, clarity, "
    "factuality, depth, engagement FROM judge_ratings",
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
MAX_RESULT_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The rows of a query."""

    rows: pa.Table
    """Its column names differ: repeated ones are numbered."""
    is_cut: bool
    """Whether there are more rows than the limit."""


def export_views(store: Store, path: Path) -> None:
    """Write the views as tables of a new DuckDB file; an existing file is replaced.

    Args:
        store: the open database.
        path: file to write.

    Raises:
        DiskFullError: the disk is full; nothing of the file is kept.
    """
    with whole_file(path) as draft:
        try:
            with duckdb.connect(str(draft)) as copy, store.reading() as cursor:
                for name, select in VIEWS.items():
                    table = cursor.sql(select).to_arrow_table()
                    copy.register("exported", table)
                    copy.execute(f"CREATE TABLE {name} AS SELECT * FROM exported")
                    copy.unregister("exported")
        except duckdb.Error as error:
            raise full_error_of(error, "the copy for queries") or error from error
        finally:
            draft.with_name(f"{draft.name}.wal").unlink(missing_ok=True)


def run_query(
    path: Path,
    sql: str,
    *,
    max_rows: int = MAX_ROWS,
    max_seconds: float = MAX_SECONDS,
    memory_mb: int = MEMORY_MB,
    max_bytes: int = MAX_RESULT_BYTES,
) -> QueryResult:
    """Run one SELECT on exported views; the process is killed at the time limit.

    Args:
        path: file that `export_views` wrote.
        sql: the query.
        max_rows: rows beyond this are left out, and the result says so.
        max_seconds: wall-clock limit.
        memory_mb: memory of the query; it may not use the disk.
        max_bytes: size of the result in memory.

    Raises:
        InputError: the query is not one SELECT, is invalid, forbidden, too large or too slow.
    """
    limits = {
        "max_rows": max_rows,
        "max_bytes": max_bytes,
        "memory_mb": memory_mb,
        "threads": THREADS,
    }
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
    if done.returncode != 0:
        raise _failure(done)
    with pa.ipc.open_stream(done.stdout) as stream:
        rows = stream.read_all()
    rows = rows.rename_columns(numbered_names(rows.column_names))
    return QueryResult(rows=rows.slice(0, max_rows), is_cut=rows.num_rows > max_rows)


def numbered_names(names: Sequence[str]) -> list[str]:
    """The same names with a number at each repetition, as joins of a view with itself have them.

    >>> numbered_names(["pair", "n", "pair", "pair_2", "pair"])
    ['pair', 'n', 'pair_3', 'pair_2', 'pair_4']
    """
    found: list[str] = []
    for name in names:
        number, chosen = 1, name
        while chosen in found or (number > 1 and chosen in names):
            number += 1
            chosen = f"{name}_{number}"
        found.append(chosen)
    return found


def _failure(done: subprocess.CompletedProcess[bytes]) -> InputError:
    """Why a query has no result."""
    if done.returncode == ERROR_EXIT:
        return InputError(
            f"{json.loads(done.stdout)['error']} Expected one SELECT over the views "
            f"{', '.join(VIEWS)}; files, extensions and settings are not accessible."
        )
    if done.returncode == SIZE_EXIT:
        return InputError(
            f"{json.loads(done.stdout)['error']} Select fewer rows or shorter texts, or aggregate."
        )
    return InputError(
        f"The query ended unexpectedly (exit code {done.returncode}), probably for lack of "
        "memory. Select fewer rows."
    )
