"""Work that is under way, kept on disk: the next start says what was lost or interrupted."""

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from enum import StrEnum
from pathlib import Path

import psutil

from itlim.ids import text_sha256
from itlim.settings import is_read_only, user_folder


class InterruptibleWork(StrEnum):
    """Work, other than a live answer, that ends with the app's process."""

    DERIVING = "deriving"
    JUDGING = "judging"
    REPHRASING = "rephrasing"


class AnswersUnderWay:
    """One small file for each question that a process of the app is answering.

    Args:
        folder: folder of the files; by default one of this user.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or user_folder() / "answering"

    @contextmanager
    def noted(self, run_id: str, instruction: str) -> Iterator[None]:
        """Keep a question on disk until its answer is stored, canceled or failed."""
        path = self._folder / f"{run_id}.json"
        document = {"instruction": instruction, "pid": os.getpid(), "since": _start_of(os.getpid())}
        # Without room on the disk, the answer itself matters more than this note.
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document), encoding="utf-8")
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def lost(self) -> list[str]:
        """Questions whose process ended before the answer, empty if unreadable; told once."""
        found = []
        with suppress(OSError):
            for path in sorted(self._folder.glob("*.json")):
                instruction = _lost_instruction(path)
                if instruction is not None:
                    path.unlink(missing_ok=True)
                    found.append(instruction)
        return found


def work_under_way(kind: InterruptibleWork) -> AnswersUnderWay:
    """Where work of a kind is noted; its name takes the place of the question."""
    return AnswersUnderWay(user_folder() / "under-way" / kind)


def noted_work(kind: InterruptibleWork, name: str) -> AbstractContextManager[None]:
    """Keep the name of some work on disk until it ends; on a read-only server, nothing is kept."""
    if is_read_only():
        return nullcontext()
    return work_under_way(kind).noted(text_sha256(name)[:16], name)


def _lost_instruction(path: Path) -> str | None:
    """None if the process that answers it is running; empty if the file was half written."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        pid, since = int(document["pid"]), document["since"]
        text = str(document["instruction"])
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return ""
    if _start_of(pid) == since:
        return None
    return text


def _start_of(pid: int) -> float | None:
    """When a process began: its number alone may belong to another one by now."""
    try:
        return psutil.Process(pid).create_time()
    except (psutil.Error, ValueError, OverflowError):
        return None  # no such process, or a number that is none
