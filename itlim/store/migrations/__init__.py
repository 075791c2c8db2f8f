"""Numbered SQL files, each applied once, in order, in its own transaction."""

from importlib import resources
from typing import NamedTuple

import duckdb

from itlim.errors import StoreError


class Migration(NamedTuple):
    """One migration: its number and statements."""

    number: int
    name: str
    sql: str


def shipped_migrations() -> list[Migration]:
    """All migrations by number."""
    steps = [
        Migration(int(item.name[:4]), item.name, item.read_text(encoding="utf-8"))
        for item in resources.files(__name__).iterdir()
        if item.name.endswith(".sql")
    ]
    return sorted(steps)


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a database to the newest schema; after a crash, the last complete step remains.

    Raises:
        StoreError: a newer itlim wrote the file.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations "
        "(number INTEGER PRIMARY KEY, name VARCHAR NOT NULL, "
        "applied_at TIMESTAMP NOT NULL DEFAULT current_localtimestamp())"
    )
    row = connection.execute("SELECT coalesce(max(number), 0) FROM schema_migrations").fetchone()
    applied = row[0] if row else 0
    steps = shipped_migrations()
    if applied > steps[-1].number:
        raise StoreError(
            f"The database has schema {applied}, but this itlim supports only {steps[-1].number}: "
            "update itlim, or choose another file with --db or ITLIM_DB."
        )
    for step in steps:
        if step.number <= applied:
            continue
        connection.execute("BEGIN")
        try:
            connection.execute(step.sql)
            connection.execute(
                "INSERT INTO schema_migrations (number, name) VALUES (?, ?)",
                [step.number, step.name],
            )
        except duckdb.Error:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def check_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Check, without writing, that a database has the newest schema.

    Raises:
        StoreError: another version of itlim wrote the file.
        duckdb.Error: the file has no schema at all.
    """
    row = connection.execute("SELECT coalesce(max(number), 0) FROM schema_migrations").fetchone()
    applied, newest = row[0] if row else 0, shipped_migrations()[-1].number
    if applied != newest:
        raise StoreError(
            f"The database has schema {applied}, but this itlim reads schema {newest}: open it "
            "once for writing, or update itlim."
        )
