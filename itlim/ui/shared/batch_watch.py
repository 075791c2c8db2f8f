"""The batches of this app: started, ended and, once they end, stored, whoever looks.

A batch is a process that outlives the app (`batch.process`). One thread stores its answers when it
ends; after a restart of the app, the same thread finds what ended meanwhile.
"""

import logging
import subprocess
import threading
import time
from enum import StrEnum
from pathlib import Path

from itlim.batch.folders import BatchFolder, BatchRequest
from itlim.batch.launch import collect, end_process, keep_known, start_process
from itlim.batch.listing import list_batches
from itlim.errors import ItlimError
from itlim.store.connection import Store

_LOOK_SECONDS = 0.5
logger = logging.getLogger(__name__)


class BatchState(StrEnum):
    """What a page shows of a batch: `BatchStatus`, and what the app itself does with it."""

    RUNNING = "running"
    CANCELING = "being canceled"
    STORING = "being stored"
    FINISHED = "finished"
    CANCELED = "canceled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class BatchWatch:
    """The batches of a folder.

    Args:
        store: receives the answers.
        folder: folder of the batches.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.folder = folder
        self.problems: dict[str, ItlimError] = {}
        """Why the answers of a batch could not be stored, by its id."""
        self._store = store
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._canceling: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._look()

    def batch(self, batch_id: str) -> BatchFolder:
        """The batch with this id, whether it exists or not."""
        # A name, not a path: it comes from an address, which may also name no or the upper folder.
        name = Path(batch_id).name
        return BatchFolder(self.folder / ("unknown" if name in ("", "..") else name))

    def batches(self) -> list[BatchFolder]:
        """All batches, the newest first."""
        return list_batches(self.folder)

    def create(self, request: BatchRequest, questions: Path) -> BatchFolder:
        """Write a batch and start it; one with the same id is returned as it is.

        Raises:
            ItlimError: a pair's models are not on this machine.
        """
        batch = self.batch(request.batch_id)
        if not batch.exists():
            batch.create(request, questions)
            keep_known(batch, self._store)
            self.start(batch)
        return batch

    def start(self, batch: BatchFolder) -> None:
        """Start or resume a batch; what is finished is not repeated."""
        with self._lock:
            if self._is_running(batch):
                return
            self.problems.pop(batch.id, None)
            self._canceling.discard(batch.id)
            self._processes[batch.id] = start_process(batch)
        self._look()

    def cancel(self, batch: BatchFolder) -> None:
        """End a batch; its finished answers are kept and stored."""
        with self._lock:
            if self._is_running(batch):
                self._canceling.add(batch.id)
                end_process(batch, self._processes.get(batch.id))

    def state(self, batch: BatchFolder) -> BatchState:
        """What became of a batch so far."""
        if self._is_running(batch):
            is_ending = batch.id in self._canceling
            return BatchState.CANCELING if is_ending else BatchState.RUNNING
        if batch.stored() is None and batch.id not in self.problems:
            return BatchState.STORING
        return BatchState(batch.status().value)

    def _is_running(self, batch: BatchFolder) -> bool:
        process = self._processes.get(batch.id)
        # Until it holds its folder, only this process knows that it was started.
        return (process is not None and process.poll() is None) or batch.is_held()

    def _look(self) -> None:
        """Start the thread if a batch runs or ended without being stored."""
        with self._lock:
            if self._thread is not None:
                return
            if any(self._is_pending(batch) for batch in self.batches()):
                self._thread = threading.Thread(
                    target=self._store_all, name="itlim-batches", daemon=True
                )
                self._thread.start()

    def _is_pending(self, batch: BatchFolder) -> bool:
        return batch.id not in self.problems and (batch.stored() is None or self._is_running(batch))

    def _store_all(self) -> None:
        while True:
            # Under the lock, so that a batch that is started now finds this thread or starts one.
            with self._lock:
                pending = [batch for batch in self.batches() if self._is_pending(batch)]
                if not pending:
                    self._thread = None
                    return
            for batch in pending:
                if not self._is_running(batch):
                    self._store_one(batch)
            time.sleep(_LOOK_SECONDS)

    def _store_one(self, batch: BatchFolder) -> None:
        try:
            collect(batch, self._store)
        except ItlimError as error:
            self.problems[batch.id] = error
        except Exception as error:
            logger.exception("The answers of the batch %s could not be stored", batch.id)
            self.problems[batch.id] = ItlimError(
                f"The answers could not be stored: {type(error).__name__}: {error}. The details "
                "are in the terminal where itlim runs."
            )
