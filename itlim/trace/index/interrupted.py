"""What builds of indexes left that were interrupted by a kill: finished, undone or deleted."""

import glob
import re
import shutil
from pathlib import Path

from filelock import Timeout

from itlim.trace.index.folders import DRAFT_MARK, OLD_MARK, indexes_folder, lock_of
from itlim.trace.index.manifest import META_FILE

_HASHES = re.compile("-[0-9a-f]{8}-[0-9a-f]{12}$")


def recover(target: Path) -> bool:
    """Clear away what an interrupted build left beside its target; the caller holds its lock.

    If the build was interrupted while it replaced an index, the new index takes its place.

    Returns:
        Whether anything was left.
    """
    pattern = f"{glob.escape(f'.{target.name}{DRAFT_MARK}')}*"
    # A complete draft before the index that it was to replace.
    left = sorted(target.parent.glob(pattern), key=lambda path: path.name.endswith(OLD_MARK))
    for path in left:
        # The description is written last, so a folder that has one is complete.
        if not target.exists() and (path / META_FILE).exists():
            path.rename(target)
        else:
            shutil.rmtree(path, ignore_errors=True)
    return bool(left)


def recover_all() -> list[str]:
    """Do so for all indexes in their default place, except those that are being built.

    Returns:
        The datasets whose builds were interrupted, by the names of their folders.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = indexes_folder()
    targets = {
        path.with_name(path.name[1:].rpartition(DRAFT_MARK)[0])
        for path in folder.glob(f".*{DRAFT_MARK}*")
    }
    found = []
    for target in sorted(targets):
        lock = lock_of(target)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            if recover(target):
                found.append(_HASHES.sub("", target.name))
        finally:
            lock.release()
    return found
