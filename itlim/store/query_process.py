"""Runs one query of a user in a process of its own: `python -m itlim.store.query_process FILE`.

Reads JSON with `sql` and the limits from standard input; writes the rows as an Arrow stream, or one
JSON object with `error`, to standard output. The process has no way out of the database file:
external access and extensions are off before the query is read, and the configuration is locked.
"""

import json
import sys
from typing import Any

import duckdb
import pyarrow as pa

ERROR_EXIT = 3
LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}


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


def run(connection: duckdb.DuckDBPyConnection, sql: str, max_rows: int) -> pa.Table:
    """The first `max_rows` + 1 rows of one SELECT.

    Raises:
        ValueError: the text is not exactly one SELECT.
        duckdb.Error: the query is invalid, forbidden or too large.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ValueError("Only one SELECT is allowed.")
    reader: Any = connection.execute(statements[0]).to_arrow_reader(max_rows + 1)
    batches, n = [], 0
    for batch in reader:
        batches.append(batch.slice(0, max_rows + 1 - n))
        n += batch.num_rows
        if n > max_rows:
            break
    return pa.Table.from_batches(batches, schema=reader.schema)


def main() -> None:
    """Run the query of standard input on the file of the first argument."""
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    try:
        with connect(
            sys.argv[1], memory_mb=asked["memory_mb"], threads=asked["threads"]
        ) as connection:
            table = run(connection, asked["sql"], asked["max_rows"])
    except (duckdb.Error, ValueError) as error:
        sys.stdout.write(json.dumps({"error": str(error)}))
        sys.exit(ERROR_EXIT)
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)


if __name__ == "__main__":
    main()
