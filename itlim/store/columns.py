"""Conversion of values to and from DuckDB columns."""

from collections.abc import Sequence
from datetime import UTC, datetime


def insertion(table: str, names: Sequence[str], *, keep_first: bool = False) -> str:
    """An INSERT statement with a placeholder per column.

    Args:
        table: name of the table.
        names: names of its columns.
        keep_first: whether an existing row with the same key is kept.

    >>> insertion("runs", ("run_id", "seed"))
    'INSERT INTO runs (run_id, seed) VALUES (?, ?)'
    """
    verb = "INSERT OR IGNORE INTO" if keep_first else "INSERT INTO"
    return f"{verb} {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def stored_time(moment: datetime) -> datetime:
    """Convert a time to UTC without a zone, as the database stores times (migration 0001).

    >>> from datetime import timedelta, timezone
    >>> stored_time(datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    datetime.datetime(2026, 5, 1, 10, 0)
    """
    return moment.astimezone(UTC).replace(tzinfo=None)


def stored_now() -> datetime:
    """The current time as the database stores it."""
    return stored_time(datetime.now(UTC))


def read_time(stored: datetime) -> datetime:
    """A stored time with its zone (UTC)."""
    return stored.replace(tzinfo=UTC)
