"""One process owns the DuckDB file; its threads share it, one writer at a time.

DuckDB refuses a second process outright, and cursors of one connection may run
at once, but a connection used by two threads loses its transaction state. So
every call takes a cursor of its own, and writers queue on a lock.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from itlim.errors import StoreError, StoreLockedError
from itlim.store.migrations import migrate

# Extensions come from the network; the store must open without one.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

_PATIENCE = 5.0
"""Seconds that closing waits for calls of other threads."""


class Store:
    """An open database.

    Args:
        path: the DuckDB file; made, with its folders, where it does not exist.

    Raises:
        StoreLockedError: another process has it open.
        StoreError: not a DuckDB file, damaged, newer than this code, or no permission.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = duckdb.connect(str(path), config=_CONFIG)
        except (duckdb.Error, OSError) as error:
            raise _opening_error(path, error) from error
        self._write_lock = threading.Lock()
        try:
            migrate(self._connection)
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for queries; sees the last committed state."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor inside a transaction: committed, and on disk, when the block ends well."""
        with self._write_lock, self.reading() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def copy_to(self, path: Path) -> None:
        """Write everything into a new database file, as of now.

        Raises:
            duckdb.Error: the file cannot be written.
        """
        with self._write_lock, self.reading() as cursor:
            name = cursor.execute("SELECT current_database()").fetchone()
            target = str(path).replace("'", "''")
            cursor.execute(f"ATTACH '{target}' AS copied")
            try:
                cursor.execute(f'COPY FROM DATABASE "{name[0] if name else ""}" TO copied')
            finally:
                cursor.execute("DETACH copied")

    def close(self) -> None:
        """Close the file, once calls under way are through; another process may open it then.

        Raises:
            StoreError: somebody still reads or writes after a few seconds.
        """
        deadline = time.monotonic() + _PATIENCE
        with self._write_lock:
            while True:
                try:
                    self._connection.close()
                    return
                except duckdb.Error as error:
                    if time.monotonic() > deadline:
                        raise StoreError(
                            f"{self.path} is busy and cannot be closed ({error}). Try again when "
                            "nobody is at work."
                        ) from error
                    time.sleep(0.02)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opening_error(path: Path, error: Exception) -> StoreError:
    message = str(error)
    if "lock" in message.lower():
        owner = re.search(r"PID (\d+)", message)
        who = f"process {owner.group(1)}" if owner else "another process"
        return StoreLockedError(
            f"{path} is in use by {who}. Use the itlim that is running already, stop it first, "
            "or choose another file with --db PATH or ITLIM_DB."
        )
    if isinstance(error, OSError) or "permission" in message.lower():
        return StoreError(
            f"{path} cannot be opened: {message}. Choose a writable place with --db PATH or "
            "ITLIM_DB."
        )
    return StoreError(
        f"{path} is not a readable DuckDB file ({message.splitlines()[0]}). Move it away or "
        "restore a copy; itlim makes a new one at the next start. Or choose another file "
        "with --db PATH or ITLIM_DB."
    )
