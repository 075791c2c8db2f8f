"""Folders of indexes: default paths, one builder per target, drafts.

`$ITLIM_HOME/indexes/<dataset>-<recipe and encoder>-<content>`: the path depends on the dataset's
content and on how it is read. So building twice is a no-op, and an old index remains usable until
the new one is complete. A builder holds its target's lock, writes a draft beside the target and
renames it when it is complete.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from itlim.datasets import READING_VERSION
from itlim.datasets.sources import find_files
from itlim.errors import DatasetError, IndexFolderError, InputError
from itlim.ids import content_hash
from itlim.library import DatasetEntry
from itlim.progress import Phases
from itlim.settings import user_folder
from itlim.trace.index.manifest import (
    KNOWN_FILES,
    META_FILE,
    IndexMeta,
    check_ends,
    read_meta,
)
from itlim.trace.index.source_files import content_digest, source_files
from itlim.trace.meaning.encoder_source import chosen_encoder

BESIDE = "index"
"""Folder of a shipped dataset's index, beside its file."""
DRAFT_MARK = ".building-"
"""In the name of a draft, between the name of its target and the id of the process."""
OLD_MARK = "-old"
"""At the end of the name of an index that is being replaced."""
_LONGEST_NAME = 60
_SECONDS_BETWEEN_TRIES = 0.2


def indexes_folder() -> Path:
    """The folder of all indexes for which no other folder was chosen."""
    return user_folder() / "indexes"


def recipe(entry: DatasetEntry) -> str:
    """Hash of how a dataset is read: name, format and mapping as the library gives them.

    It includes the reading version, so that indexes of rows that another version read in another
    way are rebuilt.
    """
    way = (entry.name, str(entry.format or ""), dict(entry.mapping), READING_VERSION)
    return content_hash(*way)[:16]


def default_index_folder(
    entry: DatasetEntry, dataset_sha256: str, encoder: str | None = None
) -> Path:
    """Path of the index of a dataset with this content.

    Args:
        entry: the dataset.
        dataset_sha256: hash of its content, as in `IndexMeta`.
        encoder: name of the encoder; `chosen_encoder()` if not given.
    """
    return indexes_folder() / f"{_prefix(entry, encoder)}-{dataset_sha256[:12]}"


def index_folder(entry: DatasetEntry, encoder: str | None = None) -> Path:
    """Path of a dataset's index, whether it exists or not.

    It is the path for the dataset's current content. If no index exists there, it is the folder
    `index` beside the dataset's file if that is an index of the same content, as a shipped dataset
    has; else the path of the newest index of the same file or hub id, which `TraceIndex.is_stale`
    reports as out of date. A hub dataset is not looked up on the hub.
    """
    digest = _current_digest(entry)
    current = default_index_folder(entry, digest, encoder)
    if current.exists():
        return current
    beside = None if entry.path is None else entry.path.parent / BESIDE
    if beside is not None and _is_index_of(beside, entry, digest, encoder):
        return beside
    older = (path for path in indexes_folder().glob(f"{_prefix(entry, encoder)}-*"))
    same = [path for path in older if _source_of(path) == str(entry.source)]
    return max(same, key=_written_at, default=current)


def _written_at(folder: Path) -> int:
    """Modification time in nanoseconds; 0 if the folder was removed meanwhile."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _is_index_of(folder: Path, entry: DatasetEntry, digest: str, encoder: str | None) -> bool:
    try:
        meta = read_meta(folder)
    except IndexFolderError:
        return False
    has_encoder = meta.encoder is None or meta.encoder.name == (encoder or chosen_encoder())
    return (meta.recipe, meta.dataset_sha256) == (recipe(entry), digest) and has_encoder


def folder_name(name: str) -> str:
    """A dataset's name as a folder name: letters, digits, dots, hyphens and underscores.

    >>> folder_name("../my data: v2"), folder_name("...")
    ('my-data-v2', 'dataset')
    """
    return re.sub(r"[^\w.-]+", "-", name).strip(".-_")[:_LONGEST_NAME] or "dataset"


def existing_index(target: Path, entry: DatasetEntry, *, force: bool) -> IndexMeta | None:
    """The intact index in the target folder; None if there is none and the folder may be replaced.

    Args:
        target: the folder to write.
        entry: the dataset to index.
        force: whether the index of another dataset may be replaced.

    Raises:
        InputError: the target is not an index, or is that of another dataset.
    """
    if not target.exists():
        return None
    if not target.is_dir():
        raise InputError(f"{target} is a file. Choose a folder for the index.")
    names = {path.name for path in target.iterdir()}
    # A killed process may have left a draft of meta.json.
    unknown = {name for name in names - KNOWN_FILES if not name.startswith(META_FILE)}
    if unknown or (names and META_FILE not in names):
        raise InputError(
            f"{target} is not empty and does not contain an index. Choose a new folder, so that "
            "nothing is overwritten."
        )
    try:
        meta = read_meta(target)
        check_ends(target, meta)
    except IndexFolderError:
        return None
    if meta.dataset != entry.name and not force:
        raise InputError(
            f"{target} contains the index of {meta.dataset}, not of {entry.name}. Choose another "
            "folder, or use --force to replace it."
        )
    return meta


@contextmanager
def locked(target: Path, phases: Phases) -> Iterator[None]:
    """Hold the lock of a target folder; waiting for it is reported as progress.

    The lock file is in the user's folder, so that nothing is left beside the target.

    Raises:
        CancelledError: canceled while waiting.
        OSError: the lock file cannot be created.
    """
    lock = lock_of(target)
    while True:
        try:
            lock.acquire(timeout=_SECONDS_BETWEEN_TRIES)
            break
        except Timeout:
            phases.say("Waiting for another build of this index")
            phases.stop_if_cancelled()
    try:
        yield
    finally:
        lock.release()


def lock_of(target: Path) -> FileLock:
    """The lock of a target folder, not acquired.

    Raises:
        OSError: the folder of the locks cannot be created.
    """
    folder = user_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{content_hash(str(target))[:16]}.lock", thread_local=False)


@contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """An empty temporary folder beside the target; the caller holds the target's lock."""
    draft = target.with_name(f".{target.name}{DRAFT_MARK}{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def move_into_place(draft: Path, target: Path) -> None:
    """Rename a complete draft to its target and delete what was there; open mappings stay valid.

    Raises:
        OSError: the folder cannot be renamed.
    """
    # A kill between the two renames leaves both folders; see `interrupted`.
    old = draft.with_name(f"{draft.name}{OLD_MARK}")
    if target.exists():
        target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _prefix(entry: DatasetEntry, encoder: str | None) -> str:
    digest = content_hash(recipe(entry), encoder or chosen_encoder())[:8]
    return f"{folder_name(entry.name)}-{digest}"


def _current_digest(entry: DatasetEntry) -> str:
    """Hash of the dataset's content, or of the source's name if the content cannot be read."""
    try:
        if entry.path is not None:
            return content_digest(source_files([file.path for file in find_files(entry.path)]))
    except (DatasetError, OSError):
        # An index works without its dataset; building one raises this error again.
        pass
    return content_hash("unread", str(entry.source))


def _source_of(folder: Path) -> str | None:
    try:
        return read_meta(folder).source
    except IndexFolderError:
        return None
