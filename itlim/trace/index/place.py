"""Where indexes lie by default: a folder named after what goes into the index.

`$ITLIM_HOME/indexes/<dataset>-<recipe and encoder>-<content>`: the same dataset read in the
same way has one place, a changed one another, so that building twice is a no-op and an old
index serves until the new one is whole.
"""

import re
from pathlib import Path

from itlim.datasets.sources import find_files
from itlim.errors import DatasetError, IndexFolderError
from itlim.ids import content_hash
from itlim.library import DatasetEntry
from itlim.settings import user_folder
from itlim.trace.index.meta import read_meta
from itlim.trace.index.source import content_digest, source_files
from itlim.trace.meaning.encoder_source import chosen_encoder

_LONGEST_NAME = 60


def indexes_folder() -> Path:
    """The folder of all indexes that no one named a folder for."""
    return user_folder() / "indexes"


def recipe(entry: DatasetEntry) -> str:
    """Hash of how a dataset is read: name, format and mapping as the library gives them."""
    return content_hash(entry.name, str(entry.format or ""), dict(entry.mapping))[:16]


def default_index_folder(
    entry: DatasetEntry, dataset_sha256: str, encoder: str | None = None
) -> Path:
    """The place of the index of a dataset with this content.

    Args:
        entry: the dataset.
        dataset_sha256: of its content, as in `IndexMeta`.
        encoder: name of the encoder; `chosen_encoder()` if not given.
    """
    return indexes_folder() / f"{_prefix(entry, encoder)}-{dataset_sha256[:12]}"


def index_folder(entry: DatasetEntry, encoder: str | None = None) -> Path:
    """The place of a dataset's index, there or not.

    It is that of the dataset as it is now; if no index is there, that of the newest index of
    the same file or hub id, which `TraceIndex.is_stale` then finds out of date. A hub dataset is
    not looked up on the hub.
    """
    now = default_index_folder(entry, _digest_now(entry), encoder)
    if now.exists():
        return now
    older = (path for path in indexes_folder().glob(f"{_prefix(entry, encoder)}-*"))
    same = [path for path in older if _source_of(path) == str(entry.source)]
    return max(same, key=lambda path: path.stat().st_mtime_ns, default=now)


def folder_name(name: str) -> str:
    """A dataset's name as a folder's: letters, digits, dots, hyphens and underscores.

    >>> folder_name("../my data: v2"), folder_name("...")
    ('my-data-v2', 'dataset')
    """
    return re.sub(r"[^\w.-]+", "-", name).strip(".-_")[:_LONGEST_NAME] or "dataset"


def _prefix(entry: DatasetEntry, encoder: str | None) -> str:
    way = content_hash(recipe(entry), encoder or chosen_encoder())[:8]
    return f"{folder_name(entry.name)}-{way}"


def _digest_now(entry: DatasetEntry) -> str:
    """The content's hash; of the source's name where the content is not at hand."""
    try:
        if entry.path is not None:
            return content_digest(source_files([file.path for file in find_files(entry.path)]))
    except (DatasetError, OSError):
        # An index works without its dataset; whoever builds one is told what is wrong.
        pass
    return content_hash("unread", str(entry.source))


def _source_of(folder: Path) -> str | None:
    try:
        return read_meta(folder).source
    except IndexFolderError:
        return None
