"""The connection to the DuckDB file: one process, many threads, one writer at a time.

DuckDB rejects a second process, and cursors of one connection can run
concurrently, but a connection used by two threads loses its transaction state.
Therefore every call uses its own cursor, and writers wait for a lock.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from itlim.errors import StoreError
from itlim.store.migrations import migrate
from itlim.store.opening import CONFIG, check_owner, damage_error, opening_error

_PATIENCE = 5.0
"""Seconds for which closing waits for calls of other threads."""


class Store:
    """An open database.

    Args:
        path: the DuckDB file; created with its folders if it does not exist.

    Raises:
        StoreLockedError: another process has opened the file.
        ForeignDatabaseError: the file belongs to another program; it is not changed.
        DatabaseDamagedError: the file is damaged or not a DuckDB file.
        StoreError: the file is newer than this code, or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        check_owner(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = duckdb.connect(str(path), config=CONFIG)
        except (duckdb.Error, OSError) as error:
            raise opening_error(path, error) from error
        self._write_lock = threading.Lock()
        try:
            migrate(self._connection)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, duckdb.Error):
                raise opening_error(path, error) from error
            raise

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for queries; sees the last committed state.

        Raises:
            DatabaseDamagedError: a part of the file that was read is damaged.
        """
        cursor = self._connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            damaged = damage_error(self.path, error)
            if damaged is None:
                raise
            raise damaged from error
        finally:
            cursor.close()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor inside a transaction, which is committed to disk if the block succeeds."""
        with self._write_lock, self.reading() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            except BaseException:
                # After damage was found, even this fails; the first error is the one to show.
                with suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy into a new database file.

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
        """Close the file after running calls have finished; then another process can open it.

        Raises:
            StoreError: a call still runs after a few seconds.
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
                            "it "
                            "is not in use."
                        ) from error
                    time.sleep(0.02)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
