"""Batches that the app started: one folder each, which a process fills and pages read.

    request.json      what was asked; written once, when the batch is started
    questions/NAME    a copy of the instruction file
    known/            answers that were stored already, as Parquet files
    out/              the output (`running`)
    progress.json     replaced by the process while it works
    end.json          how the process ended, written by itself; missing if it was killed
    canceled, stored.json   notes of the app
    log.txt           what the process printed
    .lock             held by the process as long as it lives

Files are written under a temporary name and renamed, so a kill leaves no partial one.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from itlim.batch.documents import read_document, write_document
from itlim.batch.progress import BatchEnd, BatchProgress
from itlim.disk import full_error_of, is_full
from itlim.errors import InputError, NotFoundError
from itlim.records.from_json import record_of

_LOG = logging.getLogger(__name__)
_Content = TypeVar("_Content")
REQUEST_FILE, _PROGRESS, _END, _STORED = "request.json", "progress.json", "end.json", "stored.json"
_CANCELED, _LOCK, _PROCESS, LOG_FILE = "canceled", ".lock", "process.json", "log.txt"
_LOOKING = threading.Lock()
"""Held while a lock is tried, so that two readers do not take each other for the process."""


class BatchStatus(StrEnum):
    """What became of a batch so far."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELED = "canceled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Its process ended without a word: it was killed, or the machine was restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """What a batch was asked to do."""

    batch_id: str
    name: str
    pairs: tuple[str, ...]
    file: str
    """Name of the instruction file."""
    n_items: int
    n_rejected: int
    """Rows of the file that cannot be asked."""
    max_new_tokens: int
    batch_size: int
    workers: int
    trace: bool
    """Whether phrases are traced, each pair's in the dataset that it was tuned on."""
    trace_in: tuple[str, ...]
    """Datasets in which all pairs' phrases are traced together instead."""
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswers:
    """What the database received from a batch."""

    n_runs: int
    n_new: int
    """Runs that the database did not have before."""


class BatchFolder:
    """One batch on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def out(self) -> Path:
        """Folder of the output."""
        return self.folder / "out"

    @property
    def known(self) -> Path:
        """Folder of the answers that were stored before the batch began."""
        return self.folder / "known"

    def exists(self) -> bool:
        """Whether the batch was created."""
        try:
            return (self.folder / REQUEST_FILE).exists()
        except (OSError, ValueError):
            return False  # The id in an address may be too long for a name, or not be one.

    def request(self) -> BatchRequest:
        """What was asked.

        Raises:
            NotFoundError: there is no such batch.
            InputError: its request is damaged, or another version of itlim wrote it.
        """
        if not self.exists():
            raise NotFoundError(
                f"There is no batch {self.id!r:.80} on this machine: it was deleted, or the link "
                "is from another machine."
            )
        found = self._read(REQUEST_FILE, _request_of)
        if found is None:
            raise InputError(
                f"The batch {self.id!r} cannot be read: its {REQUEST_FILE} is damaged, or of "
                "another version of itlim. Delete its folder, and start the batch again: answers "
                "that are stored are not repeated."
            )
        return found

    def questions(self) -> Path:
        """The copy of the instruction file."""
        return self.folder / "questions" / self.request().file

    def create(self, request: BatchRequest, questions: Path) -> None:
        """Write the request and copy the instruction file.

        Raises:
            DiskFullError: the disk is full; nothing of the batch is kept.
        """
        target = self.folder / "questions" / request.file
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(questions, target)
            write_document(
                self.folder / REQUEST_FILE,
                asdict(request) | {"requested_at": request.requested_at.isoformat()},
            )
        except OSError as error:
            self.delete()
            raise full_error_of(error, "the batch") or error from error

    def progress(self) -> BatchProgress | None:
        """The latest progress; None before the process reported any."""
        return self._read(_PROGRESS, BatchProgress.of)

    def report(self, progress: BatchProgress) -> None:
        """Replace the progress."""
        write_document(self.folder / _PROGRESS, asdict(progress))

    def end(self) -> BatchEnd | None:
        """How the process ended; None if it runs, was killed, or was never started."""
        return self._read(_END, BatchEnd.of)

    def finish(self, end: BatchEnd) -> None:
        """Note how the process ended, even if the disk is full."""
        try:
            write_document(self.folder / _END, asdict(end))
        except OSError as error:
            if not is_full(error):
                raise
            # What describes the running process is not needed any more, and makes room.
            for name in (_PROCESS, _PROGRESS):
                (self.folder / name).unlink(missing_ok=True)
            write_document(self.folder / _END, asdict(end))

    def stored(self) -> StoredAnswers | None:
        """What the database received since the process ended; None if nothing yet."""
        return self._read(_STORED, lambda found: record_of(StoredAnswers, found))

    def note_stored(self, answers: StoredAnswers) -> None:
        """Note that the answers are in the database."""
        write_document(self.folder / _STORED, asdict(answers))

    def note_canceled(self) -> None:
        """Note that the process is ended on request."""
        (self.folder / _CANCELED).touch()

    def forget_end(self) -> None:
        """Delete what describes the last process, before another one is started."""
        for name in (_END, _STORED, _CANCELED, _PROGRESS, _PROCESS):
            (self.folder / name).unlink(missing_ok=True)

    def is_held(self) -> bool:
        """Whether a process works on the batch."""
        if not self.folder.is_dir():
            return False
        lock = FileLock(self.folder / _LOCK, timeout=0)
        with _LOOKING:
            try:
                lock.acquire()
            except Timeout:
                return True
            lock.release()
        return False

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the batch; yields False if another process does. The system releases it."""
        lock = FileLock(self.folder / _LOCK, timeout=1)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        write_document(self.folder / _PROCESS, {"pid": os.getpid()})
        try:
            yield True
        finally:
            lock.release()

    def process_id(self) -> int | None:
        """Id of the process that holds the batch; None if none does."""
        found = read_document(self.folder / _PROCESS) or {}
        pid = found.get("pid")
        # 0 and negative numbers would name groups of processes.
        is_process = isinstance(pid, int) and pid > 0 and self.is_held()
        return pid if is_process else None

    def status(self) -> BatchStatus:
        """What became of the batch so far, from its files alone."""
        if self.is_held():
            return BatchStatus.RUNNING
        end = self.end()
        if end is not None:
            return BatchStatus.FAILED if end.error else BatchStatus.FINISHED
        is_canceled = (self.folder / _CANCELED).exists()
        return BatchStatus.CANCELED if is_canceled else BatchStatus.INTERRUPTED

    def _read(self, name: str, parse: Callable[[dict[str, Any]], _Content]) -> _Content | None:
        """The content of a file; None if it is missing or damaged."""
        found = read_document(self.folder / name)
        try:
            return None if found is None else parse(found)
        except ValueError as error:
            _LOG.warning("%s is not of this version of itlim: %s", self.folder / name, error)
            return None

    def delete(self) -> None:
        """Delete the folder; answers in the database stay there."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _request_of(document: dict[str, Any]) -> BatchRequest:
    found = record_of(BatchRequest, document)
    if found.requested_at.tzinfo is None:
        raise ValueError("requested_at has no time zone")
    if Path(found.file).name != found.file or not found.file:
        raise ValueError(f"{found.file!r} is not the name of a file")
    return found


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
