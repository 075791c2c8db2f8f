"""Check a database file before it is opened for writing, and explain why it cannot be opened."""

import re
from pathlib import Path

import duckdb

from itlim.disk import full_error, is_full
from itlim.errors import (
    DatabaseDamagedError,
    ForeignDatabaseError,
    StoreError,
    StoreLockedError,
)
from itlim.store.migrations import shipped_migrations
from itlim.text.messages import plural

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # Extensions come from the network; the store must open without one.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_SQLITE = b"SQLite format 3\0"
_DAMAGE = re.compile(
    "corrupt database file|could not read enough bytes|failed to deserialize|serialization error"
    "|internal error|not a valid duckdb database",
    re.IGNORECASE,
)
_TABLES_SHOWN = 5


def check_owner(path: Path) -> None:
    """Check, without writing, that an existing file is a database of itlim.

    A missing file and a database without any table are accepted.

    Raises:
        ForeignDatabaseError: another program made the database.
        StoreError: see `opening_error`.
    """
    if not path.exists():
        return
    if path.is_file() and _begins_with_sqlite(path):
        raise _foreign(path, "it is an SQLite database")
    try:
        with duckdb.connect(str(path), read_only=True, config=CONFIG) as connection:
            tables = [
                row[0]
                for row in connection.execute(
                    "SELECT table_name FROM duckdb_tables() WHERE NOT internal "
                    "UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal "
                    "ORDER BY table_name"
                ).fetchall()
            ]
            is_ours = not tables or _has_our_migrations(connection, tables)
    except (duckdb.Error, OSError) as error:
        raise opening_error(path, error) from error
    if not is_ours:
        more = f" and {len(tables) - _TABLES_SHOWN} more" if len(tables) > _TABLES_SHOWN else ""
        names = ", ".join(tables[:_TABLES_SHOWN]) + more
        raise _foreign(path, f"it has {plural(len(tables), 'table')} ({names})")


def _has_our_migrations(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> bool:
    """Whether the log of migrations begins with those of itlim, under their names."""
    if "schema_migrations" not in tables:
        return False
    try:
        stored = connection.execute(
            "SELECT number, name FROM schema_migrations ORDER BY number"
        ).fetchall()
    except (duckdb.BinderException, duckdb.CatalogException):
        return False
    if not stored:
        # A first start that was interrupted leaves this table alone.
        return tables == ["schema_migrations"]
    known = {step.number: step.name for step in shipped_migrations()}
    return all(known.get(number, name) == name for number, name in stored)


def _begins_with_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise opening_error(path, error) from error


def _foreign(path: Path, seen: str) -> ForeignDatabaseError:
    return ForeignDatabaseError(
        f"{path} is the database of another program: {seen} and none of itlim's. Nothing was "
        "changed. Choose another file with --db PATH or ITLIM_DB."
    )


def opening_error(path: Path, error: Exception) -> StoreError:
    """The error to raise if a database cannot be opened, with the reason and the remedy."""
    # The path may contain any of the words that are searched for.
    reason = str(error).replace(str(path), path.name).replace(str(path.absolute()), path.name)
    message = reason.replace(path.name, "")
    if "could not set lock" in message.lower() or "being used by another" in message.lower():
        owner = re.search(r"PID (\d+)", message)
        who = f"process {owner.group(1)}" if owner else "another process"
        return StoreLockedError(
            f"{path} is in use by {who}. Use the itlim that is already running, stop it first, "
            "or choose another file with --db PATH or ITLIM_DB."
        )
    if is_full(error):
        return full_error(path, "the database")
    if path.is_dir():
        return StoreError(f"{path} is a folder: choose a file with --db PATH or ITLIM_DB.")
    if damaged := damage_error(path, error):
        return damaged
    if "version number" in message:
        return StoreError(
            f"{path} was written by another version of DuckDB ({_first_line(reason)}). Update "
            "itlim, or choose another file with --db PATH or ITLIM_DB."
        )
    return StoreError(
        f"{path} cannot be opened: {_first_line(reason)}. Choose a readable and writable file "
        "with --db PATH or ITLIM_DB."
    )


def access_error(path: Path, error: duckdb.Error) -> StoreError | None:
    """The error to raise if an open database cannot be read or written.

    Returns:
        None for errors of a statement, such as a violated constraint.
    """
    # A full disk comes first: DuckDB then calls the database invalid, but the file is intact.
    if isinstance(error, duckdb.OperationalError | duckdb.FatalException) and is_full(error):
        return full_error(path, "this change")
    if is_invalidated(error):
        return StoreError(
            f"{path} was opened again after another action failed: this action was not done, and "
            "what was stored before is intact. Repeat the action."
        )
    if isinstance(error, duckdb.ConnectionException):
        return StoreError(
            f"{path} was closed meanwhile ({_first_line(str(error))}): this action was not done. "
            "Repeat the action; if this recurs, restart itlim."
        )
    if damaged := damage_error(path, error):
        return damaged
    if isinstance(error, duckdb.IOException):
        return StoreError(
            f"{path} cannot be read or written ({_first_line(str(error))}): this action was not "
            "done. Check the disk, then repeat the action."
        )
    return None


def is_invalidated(error: duckdb.Error) -> bool:
    """Whether DuckDB refuses the open database because of an earlier fatal error."""
    return "has been invalidated" in str(error)


def damage_error(path: Path, error: Exception) -> DatabaseDamagedError | None:
    """The error to raise if DuckDB found the file to be damaged; None for any other reason."""
    from itlim.store.backup import list_backups

    message = str(error).replace(str(path.absolute()), "").replace(str(path), "")
    if not isinstance(error, duckdb.Error) or not _DAMAGE.search(message):
        return None
    newest = next(iter(list_backups(path)), None)
    remedy = (
        f"The newest backup is {newest.path} of {newest.made_at:%Y-%m-%d %H:%M} UTC: restore it "
        "in the app, or copy it to this place"
        if newest
        else "There is no backup. Move the file away, and itlim creates a new one at the next start"
    )
    what = "is damaged or not a readable DuckDB file" if "not a valid" in message else "is damaged"
    if path.is_file() and not path.stat().st_size:
        what, message = "is empty", "0 bytes"
    return DatabaseDamagedError(
        f"{path} {what} ({_first_line(message)}). {remedy}; or choose another file with --db PATH "
        "or ITLIM_DB."
    )


def _first_line(text: str) -> str:
    return " ".join(text.splitlines()[0].split()).rstrip(".") if text else "no reason given"
