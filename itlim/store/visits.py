"""A visitor's own view of a database that is open for reading only.

Everything is read from the shared file until the visitor's first write. Then the file is copied,
and the visitor reads and writes the copy, which nobody else sees. It is deleted with the visit.
"""

import shutil
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from itlim.errors import BusyError, ReadOnlyError, StoreError
from itlim.store.connection import Store

MAX_COPIES = 24
"""Number of copies that a process keeps at the same time."""
MAX_BYTES = 512 * 1024**2
"""Size of the largest database that is copied for a visit."""
_LIMITS = {"memory_limit": "256MB", "threads": "1"}
_copies: "weakref.WeakSet[Store]" = weakref.WeakSet()
_making = threading.Lock()


class VisitStore(Store):
    """The database as one visitor sees it.

    Args:
        shared: the database that all visitors share, open for reading only.
        max_copies: number of visits that can have stored something at the same time.
        max_bytes: size of the largest database that is copied.
    """

    def __init__(
        self, shared: Store, *, max_copies: int = MAX_COPIES, max_bytes: int = MAX_BYTES
    ) -> None:
        self.path = shared.path
        self._shared = shared
        self._own: Store | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._max_copies, self._max_bytes = max_copies, max_bytes

    @property
    def has_own_work(self) -> bool:
        """Whether the visitor has stored anything."""
        return self._own is not None

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """As in `Store`, from the visitor's copy if there is one."""
        with (self._own or self._shared).reading() as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """As in `Store`, into the visitor's copy, which the first call makes.

        Raises:
            BusyError: as many visits as possible have a copy.
            ReadOnlyError: the database is too large to be copied.
            StoreError: the copy cannot be written.
        """
        with self._copy().writing() as cursor:
            yield cursor

    def copy_to(self, path: Path) -> None:
        """As in `Store`, of the visitor's copy if there is one."""
        (self._own or self._shared).copy_to(path)

    def close(self) -> None:
        """Close and delete the visitor's copy; the shared database stays open."""
        with _making:
            own, folder, self._own, self._folder = self._own, self._folder, None, None
        if own is not None:
            _copies.discard(own)
            own.close()
        if folder is not None:
            folder.cleanup()

    def _copy(self) -> Store:
        with _making:
            if self._own is None:
                self._check()
                # The object deletes the folder when it is collected, at the latest at exit.
                self._folder = TemporaryDirectory(prefix="itlim-visit-", ignore_cleanup_errors=True)
                self._own = Store(self._copied(Path(self._folder.name)), limits=_LIMITS)
                _copies.add(self._own)
            return self._own

    def _copied(self, folder: Path) -> Path:
        try:
            for suffix in ("", ".wal"):
                source = self.path.with_name(self.path.name + suffix)
                if source.exists():
                    shutil.copyfile(source, folder / source.name)
        except OSError as error:
            raise StoreError(
                f"Your work cannot be stored: {error.strerror or error}. Everything can still be "
                "read; try again later."
            ) from error
        return folder / self.path.name

    def _check(self) -> None:
        if self.path.stat().st_size > self._max_bytes:
            raise ReadOnlyError(
                "This server's database is too large to be copied for a visit, so nothing can be "
                "stored here. Run itlim on your own machine to store answers and marks."
            )
        if len(_copies) >= self._max_copies:
            raise BusyError(
                "As many visitors as this server takes are storing work now, so yours was not "
                "stored. Everything can still be read; try again in a few minutes."
            )
