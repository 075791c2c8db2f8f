"""Replace the database by a backup; a restore that a kill interrupts is finished by the next start.

NAME.restoring-TIME.part   copy of the backup that is not complete: nothing has changed
NAME.restoring-TIME        complete copy: from now on the restore is finished, whatever happens
NAME.replaced-TIME         the database before, with its write-ahead log NAME.replaced-TIME.wal
"""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from itlim.disk import full_error, is_full
from itlim.errors import StoreError
from itlim.ids import content_hash
from itlim.settings import user_folder

_STAMP = "%Y%m%d-%H%M%S"
_PART = ".part"
_WAIT_SECONDS = 30.0
INTERRUPTED = (
    "Restoring a backup was interrupted before it changed anything: the database is as it was. "
    "Restore the backup again if you still want it."
)


def restore(database: Path, backup: Path) -> Path | None:
    """Replace the database by a backup; the old file is renamed, not deleted.

    The database must not be open.

    Args:
        database: the file to replace; may be missing.
        backup: a file from `make_backup`, or any database of itlim.

    Returns:
        New path of the old file; None if there was none.

    Raises:
        DiskFullError: the disk has no space for a copy of the backup; nothing was changed.
        StoreError: the backup is not a readable database; nothing was changed.
    """
    _check(backup)
    with _locked(database):
        draft = database.with_name(f"{database.name}.restoring-{_unused_stamp(database)}")
        part = draft.with_name(draft.name + _PART)
        try:
            _copy(backup, part)
            os.replace(part, draft)
            return _swap(database, draft)
        except OSError as error:
            part.unlink(missing_ok=True)
            if is_full(error):
                raise full_error(
                    database, f"the backup {backup.name}", "The database is as it was."
                ) from error
            raise StoreError(f"{backup} cannot be restored: {error}.") from error


def finish_restore(database: Path) -> str:
    """Finish or undo a restore that was interrupted; the database must not be open.

    Returns:
        A sentence that says what happened; empty if no restore was interrupted.

    Raises:
        StoreError: the files cannot be renamed.
    """
    if not _leftovers(database):
        return ""
    said = ""
    with _locked(database):
        try:
            for path in _leftovers(database):
                if path.name.endswith(_PART):
                    path.unlink()
                    said = said or INTERRUPTED
                else:
                    said = _finished(_swap(database, path))
        except OSError as error:
            raise StoreError(
                f"A restore of {database} was interrupted and cannot be finished: {error}. Make "
                f"{database.parent} writable, and start itlim again."
            ) from error
    return said


def _finished(aside: Path | None) -> str:
    kept = f" The database before it is kept as {aside}." if aside else ""
    return f"Restoring a backup was interrupted, and is complete now.{kept}"


def _leftovers(database: Path) -> list[Path]:
    return sorted(database.parent.glob(f"{glob.escape(database.name)}.restoring-*"))


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def _swap(database: Path, draft: Path) -> Path | None:
    """Move the database and its log aside and the draft into place; each step can be repeated."""
    stamp = draft.name.rpartition(".restoring-")[2]
    aside = database.with_name(f"{database.name}.replaced-{stamp}")
    was_there = aside.exists()
    if database.exists():
        if was_there:  # Only if something else made a database after the interruption.
            aside = database.with_name(f"{database.name}.replaced-{_unused_stamp(database)}")
        os.replace(database, aside)
        was_there = True
    # The write-ahead log belongs to the old file and would damage the new one.
    log = database.with_name(f"{database.name}.wal")
    if log.exists():
        os.replace(log, aside.with_name(f"{aside.name}.wal"))
    os.replace(draft, database)
    return aside if was_there else None


def _unused_stamp(database: Path) -> str:
    """The current time as it is used in names, with a number if a file has this name already."""
    stamp = now = datetime.now(UTC).strftime(_STAMP)
    number = 1
    while any(
        database.with_name(f"{database.name}.{kind}-{stamp}").exists()
        for kind in ("replaced", "restoring")
    ):
        number += 1
        stamp = f"{now}-{number}"
    return stamp


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Hold what serializes restores of a database; the system releases it after a kill."""
    folder = user_folder() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{content_hash(str(database.absolute()))[:16]}.lock")
        lock.acquire(timeout=_WAIT_SECONDS)
    except Timeout as error:
        raise StoreError(
            f"Another process restores {database}. Wait for its end, then start itlim again."
        ) from error
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error}. Make it writable.") from error
    try:
        yield
    finally:
        lock.release()


def _check(path: Path) -> None:
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("SELECT count(*) FROM schema_migrations").fetchone()
    except duckdb.Error as error:
        raise StoreError(
            f"{path} is not a database of itlim ({str(error).splitlines()[0]}): choose another "
            "backup."
        ) from error
