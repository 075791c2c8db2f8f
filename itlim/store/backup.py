"""Backups of the database: complete files, made while the app is in use. See also `restoring`."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from itlim.disk import full_error
from itlim.errors import DiskFullError, StoreError
from itlim.store.connection import Store

MAX_BACKUPS = 14
"""Number of backups to keep; older ones are deleted when a new one is made."""
BACKUP_INTERVAL = timedelta(days=1)
"""Interval of automatic backups."""
_STAMP = "%Y%m%d-%H%M%S"
_PART = ".part"


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
    for path in backup_folder(database).glob(f"{glob.escape(database.stem)}-*.duckdb"):
        try:
            made_at = datetime.strptime(path.stem[len(database.stem) + 1 :], _STAMP)
        except ValueError:
            continue  # not a backup of itlim
        found.append(
            Backup(path=path, made_at=made_at.replace(tzinfo=UTC), size=path.stat().st_size)
        )
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def make_backup(store: Store, *, now: datetime | None = None, kept: int = MAX_BACKUPS) -> Backup:
    """Copy an open database and delete old backups; writers wait meanwhile.

    A backup is always the newest of the list: if the clock was set back, its name is one second
    after that of the newest, so that it does not replace or precede an earlier one.

    Args:
        store: the open database.
        now: time of the backup; the current time if None.
        kept: number of backups to keep.

    Raises:
        DiskFullError: the disk has no space for the backup; nothing of it is kept.
        StoreError: the backup cannot be written.
    """
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    newest = next(iter(list_backups(store.path)), None)
    made_at = max(moment, newest.made_at + timedelta(seconds=1)) if newest else moment
    folder = backup_folder(store.path)
    path = folder / f"{store.path.stem}-{made_at.strftime(_STAMP)}.duckdb"
    draft = path.with_suffix(_PART)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        forget_partial(store.path)
        store.copy_to(draft)
        os.utime(draft, (moment.timestamp(),) * 2)  # what the clock said, for `backup_if_due`
        os.replace(draft, path)
    except DiskFullError as error:
        forget_partial(store.path)
        raise full_error(path, "the backup", "The database is as it was.") from error
    except (OSError, StoreError, duckdb.Error) as error:
        forget_partial(store.path)
        raise StoreError(
            f"The backup {path} cannot be written: {error}. Free some space, or make the folder "
            "writable."
        ) from error
    _delete(list_backups(store.path)[kept:])
    return Backup(path=path, made_at=made_at, size=path.stat().st_size)


def backup_if_due(
    store: Store, *, now: datetime | None = None, kept: int = MAX_BACKUPS
) -> Backup | None:
    """Make a backup if the newest is older than a day, or of the future, or there is none."""
    moment = now or datetime.now(UTC)
    newest = next(iter(list_backups(store.path)), None)
    if newest is not None:
        # The time of the file is that of the clock; its name may be later (see `make_backup`).
        modified = datetime.fromtimestamp(newest.path.stat().st_mtime, UTC)
        age = moment - min(newest.made_at, modified)
        if timedelta(0) <= age < BACKUP_INTERVAL:
            return None
    return make_backup(store, now=moment, kept=kept)


def forget_partial(database: Path) -> int:
    """Delete what interrupted backups of a database left; returns their number.

    Call it only in the process that owns the database, and while no backup is made.
    """
    left = list(backup_folder(database).glob(f"{glob.escape(database.stem)}-*{_PART}*"))
    for path in left:
        path.unlink(missing_ok=True)
    return len([path for path in left if path.suffix == _PART])


def _delete(old: Sequence[Backup]) -> None:
    for one in old:
        one.path.unlink(missing_ok=True)
