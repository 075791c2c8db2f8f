"""One builder a target, and a folder that is whole or not there."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from itlim.ids import content_hash
from itlim.settings import user_folder
from itlim.trace.index.phases import Phases

_SECONDS_BETWEEN_TRIES = 0.2


@contextmanager
def locked(target: Path, phases: Phases) -> Iterator[None]:
    """Hold the lock of a target folder; wait for it, and say so.

    The lock lies in the user's folder, so that nothing is left beside the target.

    Raises:
        CancelledError: cancelled while waiting.
        OSError: the lock cannot be made.
    """
    folder = user_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{content_hash(str(target))[:16]}.lock", thread_local=False)
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


@contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside the target, gone at the end; its lock is held.

    What killed builders left beside the target goes first.
    """
    prefix = f".{target.name}.building-"
    for path in target.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(path, ignore_errors=True)
    draft = target.with_name(f"{prefix}{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(draft: Path, target: Path) -> None:
    """Rename a whole draft to its target; what lay there goes, and stays where it is mapped.

    Raises:
        OSError: the folder cannot be renamed.
    """
    old = draft.with_name(f"{draft.name}-old")
    if target.exists():
        target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
