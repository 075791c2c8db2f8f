"""Prepare, start and end the processes of batches, and collect what they answered."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import itlim
from itlim.batch.exchange import export_answers, import_output
from itlim.batch.folders import LOG_FILE, BatchFolder, BatchStatus, StoredAnswers
from itlim.batch.instructions import read_instructions
from itlim.batch.manifest import read_manifest
from itlim.batch.process import plans_of, settings_of
from itlim.batch.running import run_batch
from itlim.batch.work import J, R, Work
from itlim.library import load_library
from itlim.store.batches import finished_runs, name_batch
from itlim.store.connection import Store

MODULE = "itlim.batch.process"


class NoWorkers:
    """Workers that do nothing: a batch then only joins what is finished."""

    def run(self, work: Work[J, R], jobs: Sequence[J]) -> Generator[R, None, None]:
        """See `Workers.run`; yields nothing, because the batch was stopped."""
        yield from ()


def start_process(batch: BatchFolder) -> subprocess.Popen[bytes]:
    """Start the process of a batch. It outlives this one and a closed terminal."""
    batch.forget_end()
    parent = str(Path(itlim.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (parent, os.environ.get("PYTHONPATH"))))
    with (batch.folder / LOG_FILE).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", MODULE, str(batch.folder.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": path},
        )


def end_process(batch: BatchFolder, started: subprocess.Popen[bytes] | None = None) -> None:
    """End the process of a batch at once, on request; finished answers are kept.

    Args:
        batch: the batch.
        started: its process, if this one started it.
    """
    batch.note_canceled()
    if started is not None and started.poll() is None:
        started.terminate()
        return
    process = batch.process_id()
    if process is not None:
        os.kill(process, signal.SIGTERM)


def keep_known(batch: BatchFolder, store: Store) -> None:
    """Give a batch the answers that are stored already, so that they are not repeated."""
    request = batch.request()
    plans = plans_of(request, read_instructions(batch.questions()), load_library())
    asked = {run_id for plan in plans for run_id in plan.run_ids}
    known = finished_runs(store, asked)
    if known:
        export_answers(store, batch.known, sorted(known))


def collect(batch: BatchFolder, store: Store) -> StoredAnswers:
    """Store what a batch answered, under its name; what is stored already does not change.

    The finished answers of a batch that was stopped are stored as well.

    Raises:
        ItlimError: its pairs changed since, or its files cannot be read.
    """
    request = batch.request()
    asked = read_instructions(batch.questions())
    plans = plans_of(request, asked, load_library())
    manifest = read_manifest(batch.out)
    if batch.status() is not BatchStatus.FINISHED or not (manifest or {}).get("complete"):
        run_batch(
            [plan.pair for plan in plans],
            asked,
            batch.out,
            workers=NoWorkers(),
            settings=settings_of(request),
            known=batch.known,
            keeps_parts=True,
        )
    n_new = import_output(store, batch.out)
    run_ids = {run_id for plan in plans for run_id in plan.run_ids}
    name_batch(store, request.name, run_ids)
    stored = StoredAnswers(n_runs=len(finished_runs(store, run_ids)), n_new=n_new)
    batch.note_stored(stored)
    return stored
