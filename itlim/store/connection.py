"""The connection to the DuckDB file: one process, many threads, one writer at a time.

DuckDB rejects a second process. Cursors of one connection can run concurrently, but a connection
that two threads use loses its transaction state. Therefore every call uses its own cursor, and
writers wait for a lock.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from itlim.disk import is_full
from itlim.errors import ReadOnlyError, StoreError
from itlim.store.migrations import check_schema, migrate
from itlim.store.opening import (
    CONFIG,
    access_error,
    check_owner,
    is_invalidated,
    opening_error,
)
from itlim.store.restoring import finish_restore

_LOG = logging.getLogger(__name__)
_CLOSE_TIMEOUT = 5.0
"""Seconds for which closing waits for calls of other threads."""


class Store:
    """An open database.

    Args:
        path: the DuckDB file; created with its folders if it does not exist.
        read_only: whether to open an existing file for reading only; several processes can then
            open it at the same time.
        limits: further settings of DuckDB, such as `memory_limit`.

    Raises:
        StoreLockedError: another process has opened the file.
        ForeignDatabaseError: the file belongs to another program; it is not changed.
        DatabaseDamagedError: the file is damaged or not a DuckDB file.
        DiskFullError: the disk has no space for a new database.
        StoreError: the file is newer than this code, or cannot be read or written.
    """

    def __init__(
        self, path: Path, *, read_only: bool = False, limits: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self._read_only = read_only
        self._limits = dict(limits or {})
        self._write_lock = threading.Lock()
        self._opening = threading.Lock()
        self._failed: duckdb.DuckDBPyConnection | None = None
        """A connection that DuckDB refuses since a fatal error."""
        self.note = "" if read_only else finish_restore(path)
        """What happened to the file since it was last open, as a sentence; usually empty."""
        if self.note:
            _LOG.warning("%s", self.note)
        check_owner(path)
        self._connection = self._connect()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = None
        is_new = not self.path.exists()
        try:
            if not self._read_only:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = duckdb.connect(
                str(self.path), read_only=self._read_only, config=CONFIG | self._limits
            )
            (check_schema if self._read_only else migrate)(connection)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if is_new and is_full(error):
                # An empty file would be taken for a damaged database at the next start.
                for name in (self.path.name, f"{self.path.name}.wal"):
                    self.path.with_name(name).unlink(missing_ok=True)
            if isinstance(error, duckdb.Error | OSError):
                raise opening_error(self.path, error) from error
            raise
        return connection

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for queries; sees the last committed state.

        Raises:
            DatabaseDamagedError: a part of the file that was read is damaged.
            DiskFullError: the disk has no space for what the block wrote.
            StoreError: the file cannot be read or written.
        """
        connection = self._usable()
        cursor = connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            if is_invalidated(error) or isinstance(error, duckdb.FatalException):
                self._failed = connection
            fault = access_error(self.path, error)
            if fault is None:
                raise
            raise fault from error
        finally:
            cursor.close()

    def _usable(self) -> duckdb.DuckDBPyConnection:
        """The connection, opened again after a fatal error, such as a disk that was full.

        DuckDB then refuses everything until the file is closed; the file itself is intact.
        """
        with self._opening:
            if self._failed is self._connection:
                self._end(self._connection)
                self._connection = self._connect()
                self._failed = None
            return self._connection

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor inside a transaction, which is committed to disk if the block succeeds.

        Raises:
            ReadOnlyError: the file was opened for reading only.
            StoreError: as `reading`; nothing of the block was stored.
        """
        if self._read_only:
            raise ReadOnlyError(f"{self.path.name} is open for reading only: nothing was stored.")
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
            DiskFullError: the disk has no space for the copy.
            StoreError: the copy cannot be written.
        """
        with self._write_lock, self.reading() as cursor:
            name = cursor.execute("SELECT current_database()").fetchone()
            target = str(path).replace("'", "''")
            cursor.execute(f"ATTACH '{target}' AS copied")
            try:
                cursor.execute(f'COPY FROM DATABASE "{name[0] if name else ""}" TO copied')
            except duckdb.Error:
                # After a fatal error of the copy, even this fails; the first error is the reason.
                with suppress(duckdb.Error):
                    cursor.execute("DETACH copied")
                raise
            cursor.execute("DETACH copied")

    def close(self) -> None:
        """Close the file after running calls have finished; then another process can open it.

        Raises:
            StoreError: a call still runs after a few seconds.
        """
        with self._write_lock:
            self._end(self._connection)

    def _end(self, connection: duckdb.DuckDBPyConnection) -> None:
        deadline = time.monotonic() + _CLOSE_TIMEOUT
        while True:
            try:
                connection.close()
                return
            except duckdb.Error as error:
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"{self.path} is busy and cannot be closed ({error}). Try again when it "
                        "is not in use."
                    ) from error
                time.sleep(0.02)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
