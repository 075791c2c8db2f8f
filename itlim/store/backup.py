"""Backups of the database: complete files, made while the app is in use."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from itlim.errors import StoreError
from itlim.store.connection import Store

KEPT = 14
"""Number of backups to keep; older ones are deleted when a new one is made."""
OFTEN = timedelta(days=1)
"""Interval of automatic backups."""
_STAMP = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup."""

    path: Path
    made_at: datetime
    """UTC."""
    size: int
    """Bytes."""


def backup_folder(database: Path) -> Path:
    """Folder of the backups of a database, next to it."""
    return database.parent / "backups"


def list_backups(database: Path) -> list[Backup]:
    """Backups of a database, newest first."""
    found = []
    for path in backup_folder(database).glob(f"{database.stem}-*.duckdb"):
        try:
            made_at = datetime.strptime(path.stem[len(database.stem) + 1 :], _STAMP)
        except ValueError:
            continue  # not a backup of itlim
        found.append(
            Backup(path=path, made_at=made_at.replace(tzinfo=UTC), size=path.stat().st_size)
        )
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def make_backup(store: Store, *, now: datetime | None = None, kept: int = KEPT) -> Backup:
    """Copy an open database and delete old backups; writers wait meanwhile.

    Args:
        store: the open database.
        now: time of the backup; the current time if None.
        kept: number of backups to keep.

    Raises:
        StoreError: the backup cannot be written.
    """
    made_at = (now or datetime.now(UTC)).replace(microsecond=0)
    folder = backup_folder(store.path)
    path = folder / f"{store.path.stem}-{made_at.strftime(_STAMP)}.duckdb"
    draft = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        store.copy_to(draft)
        os.replace(draft, path)
    except (OSError, duckdb.Error) as error:
        if draft.exists():
            draft.unlink()
        raise StoreError(
            f"The backup {path} cannot be written: {error}. Free some space, or make the folder "
            "writable."
        ) from error
    _forget(list_backups(store.path)[kept:])
    return Backup(path=path, made_at=made_at, size=path.stat().st_size)


def backup_if_due(store: Store, *, now: datetime | None = None, kept: int = KEPT) -> Backup | None:
    """Make a backup if the newest is older than a day, or there is none."""
    moment = now or datetime.now(UTC)
    newest = next(iter(list_backups(store.path)), None)
    if newest is not None and moment - newest.made_at < OFTEN:
        return None
    return make_backup(store, now=moment, kept=kept)


def restore(database: Path, backup: Path) -> Path | None:
    """Replace the database by a backup; the old file is renamed, not deleted.

    The database must not be open.

    Args:
        database: the file to replace; may be missing.
        backup: a file from `make_backup`, or any database of itlim.

    Returns:
        New path of the old file; None if there was none.

    Raises:
        StoreError: the backup is not a readable database; nothing was changed.
    """
    _check(backup)
    aside = None
    stamp = datetime.now(UTC).strftime(_STAMP)
    draft = database.with_name(f"{database.name}.restoring")
    try:
        shutil.copyfile(backup, draft)
        # The write-ahead log belongs to the old file and would damage the new one.
        for path in (database, database.with_name(f"{database.name}.wal")):
            if path.exists():
                moved = path.with_name(f"{path.name}.replaced-{stamp}")
                os.replace(path, moved)
                aside = aside or moved
        os.replace(draft, database)
    except OSError as error:
        raise StoreError(f"{backup} cannot be restored: {error}.") from error
    return aside


def _check(path: Path) -> None:
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("SELECT count(*) FROM schema_migrations").fetchone()
    except duckdb.Error as error:
        raise StoreError(
            f"{path} is not a database of itlim ({str(error).splitlines()[0]}): choose another "
            "backup."
        ) from error


def _forget(old: Sequence[Backup]) -> None:
    for one in old:
        one.path.unlink(missing_ok=True)
