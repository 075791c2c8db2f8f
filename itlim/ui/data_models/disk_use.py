"""What the app keeps on disk: each part of the user's folder with its size and purpose."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from itlim.errors import IndexFolderError, InputError
from itlim.library import Library
from itlim.settings import database_path, uploads_folder, user_folder
from itlim.store.backup import backup_folder
from itlim.trace.index.folders import indexes_folder
from itlim.trace.index.manifest import read_meta

_PURPOSES = {
    "real": "weights and answers of the real family",
    "leave_out": "finished retrainings of leave-out studies",
    "retrainings": "unfinished retrainings, which resume",
    "batches": "jobs and results of batches",
    "judge": "replies of judging models, which cost nothing a second time",
    "library.toml": "your pairs, datasets and templates",
    "findings": "computed findings",
    "query.duckdb": "copy of the runs for the query box",
    "fingerprints.json": "hashes of model files",
    "answering": "questions that are being answered now",
    "locks": "lock files",
}
_REBUILT = frozenset({"findings", "query.duckdb", "fingerprints.json"})
"""Parts that the app makes again when it needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """One part of what the app keeps."""

    path: Path
    purpose: str
    size: int
    """Bytes of all files in it."""
    after_deletion: str = ""
    """What deleting it means; empty if the app does not delete it."""


def disk_uses(library: Library) -> list[DiskUse]:
    """The parts that exist, largest first."""
    return sorted(_parts(library), key=lambda one: (-one.size, str(one.path)))


def delete_part(part: DiskUse) -> None:
    """Delete a part that may be deleted.

    Raises:
        InputError: it may not be, or it cannot be deleted.
    """
    if not part.after_deletion:
        raise InputError(f"{part.path} is not deleted from here: {part.purpose}.")
    try:
        if part.path.is_dir() and not part.path.is_symlink():
            shutil.rmtree(part.path)
        else:
            part.path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{part.path} cannot be deleted completely ({error}). Check who may write there."
        ) from error


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; links count as nothing."""
    files: Iterable[Path] = [path] if path.is_file() else path.rglob("*")
    return sum(_size(one) for one in files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() and not path.is_symlink() else 0
    except OSError:
        return 0  # deleted or replaced while the folder was read


def _parts(library: Library) -> Iterator[DiskUse]:
    database = database_path()
    if database.exists():
        log = database.with_name(database.name + ".wal")
        size = size_of(database) + (size_of(log) if log.exists() else 0)
        yield DiskUse(path=database, purpose="database of runs and annotations", size=size)
    backups = backup_folder(database)
    if backups.exists():
        purpose = "backups of the database"
        yield DiskUse(path=backups, purpose=purpose, size=size_of(backups))
    yield from _indexes(library)
    special = {database, database.with_name(database.name + ".wal"), backups, indexes_folder()}
    folder = user_folder()
    for path in sorted(folder.iterdir()) if folder.exists() else ():
        if path in special:
            continue
        purpose = _PURPOSES.get(path.name, "other files")
        if path == uploads_folder():
            purpose = "uploaded datasets; remove them under Datasets"
        after = "It is made again when it is needed." if path.name in _REBUILT else ""
        yield DiskUse(path=path, purpose=purpose, size=size_of(path), after_deletion=after)


def _indexes(library: Library) -> Iterator[DiskUse]:
    folder = indexes_folder()
    for path in sorted(folder.iterdir()) if folder.exists() else ():
        if path.name.startswith("."):
            purpose = "index that is being built"
            yield DiskUse(path=path, purpose=purpose, size=size_of(path))
            continue
        try:
            dataset = read_meta(path).dataset
        except IndexFolderError:
            purpose = "damaged or unfinished index"
            after = "It is of no use: build the index of its dataset again."
        else:
            known = dataset in library.datasets
            purpose = f"index of {dataset}" + ("" if known else ", which is not in the library")
            after = (
                f"Answers cannot be traced to {dataset} until its index is built again."
                if known
                else "No dataset of the library uses it."
            )
        yield DiskUse(path=path, purpose=purpose, size=size_of(path), after_deletion=after)
