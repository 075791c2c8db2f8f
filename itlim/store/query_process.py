"""Runs one query of a user in a process of its own: `python -m itlim.store.query_process FILE`.

Reads JSON with `sql` and the limits from standard input; writes the rows as an Arrow stream, or one
JSON object with `error`, to standard output. The process has no way out of the database file:
external access and extensions are off before the query is read, and the configuration is locked.
Strings are outside DuckDB's own memory limit, so the address space is limited as well.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

ERROR_EXIT, SIZE_EXIT = 3, 4
MAX_ERROR_LENGTH = 2_000
"""Characters of an error, whose text a query can choose."""
_MB = 1 << 20
_ROWS_PER_BATCH = 256
LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}


class ResultTooLargeError(Exception):
    """The rows have more bytes than the limit."""


def connect(path: str, *, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """Open the file for reading, with everything else off and the configuration locked."""
    limits: dict[str, Any] = {
        "memory_limit": f"{memory_mb}MB",
        "threads": str(threads),
        "temp_directory": "",
    }
    connection = duckdb.connect(path, read_only=True, config=LOCKED | limits)
    connection.execute("SET lock_configuration = true")
    return connection


def limit_memory(memory_mb: int) -> None:
    """Let this process map `memory_mb` more than now, where the system tells how much that is.

    Elsewhere (not on Linux), only the limits of DuckDB and of the result hold.
    """
    mapped = Path("/proc/self/statm")
    if not mapped.exists():
        return
    n_bytes = int(mapped.read_text().split()[0]) * resource.getpagesize() + memory_mb * _MB
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        n_bytes = min(n_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, hard))


def run(
    connection: duckdb.DuckDBPyConnection, sql: str, *, max_rows: int, max_bytes: int
) -> pa.Table:
    """The first `max_rows` + 1 rows of one SELECT.

    Raises:
        ValueError: the text is not exactly one SELECT.
        ResultTooLargeError: the rows have more than `max_bytes`.
        duckdb.Error: the query is invalid, forbidden or too large.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ValueError("Only one SELECT is allowed.")
    # Unlike `execute`, this does not compute all rows before the first one is read.
    reader: Any = connection.sql(statements[0]).to_arrow_reader(_ROWS_PER_BATCH)
    batches, n, n_bytes = [], 0, 0
    for batch in reader:
        batches.append(batch.slice(0, max_rows + 1 - n))
        n += batches[-1].num_rows
        n_bytes += batches[-1].nbytes
        if n_bytes > max_bytes:
            raise ResultTooLargeError(
                f"The first {n:,} rows have {n_bytes / _MB:.1f} MB; expected at most "
                f"{max_bytes / _MB:g} MB."
            )
        if n > max_rows:
            break
    return pa.Table.from_batches(batches, schema=reader.schema)


def answer(path: str, asked: dict[str, Any]) -> pa.Table:
    """Open the file, limit the memory and run the query."""
    with connect(path, memory_mb=asked["memory_mb"], threads=asked["threads"]) as connection:
        # A first query starts threads, whose stacks are no part of what the user's query needs.
        connection.sql("SELECT 1").to_arrow_table()
        limit_memory(asked["memory_mb"])
        return run(
            connection, asked["sql"], max_rows=asked["max_rows"], max_bytes=asked["max_bytes"]
        )


def main() -> None:
    """Run the query of standard input on the file of the first argument."""
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    try:
        table = answer(sys.argv[1], asked)
    except ResultTooLargeError as error:
        _fail(str(error), SIZE_EXIT)
    except (duckdb.OutOfMemoryException, MemoryError, OSError):
        # Arrow reports DuckDB's lack of memory as an OSError.
        _fail(f"The query needs more than {asked['memory_mb']} MB of memory.", SIZE_EXIT)
    except (duckdb.Error, ValueError) as error:
        _fail(str(error)[:MAX_ERROR_LENGTH], ERROR_EXIT)
    else:
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)


def _fail(reason: str, exit_code: int) -> None:
    sys.stdout.write(json.dumps({"error": reason}))
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
