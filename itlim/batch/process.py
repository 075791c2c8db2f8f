"""The process of a batch that the app started: `python -m itlim.batch.process FOLDER`.

It holds the folder while it lives, does what the request says, and reports to files; the app need
not run meanwhile. Batches of a user run one after the other, so that only one has its models in
memory. A signal ends the process at once: what is finished is kept.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from itlim.batch.folders import BatchFolder, BatchRequest
from itlim.batch.indexes import datasets_to_trace, traced_dataset
from itlim.batch.instructions import InstructionFile, read_instructions
from itlim.batch.local import LocalWorkers
from itlim.batch.output import finished_run_ids
from itlim.batch.parts import Parts
from itlim.batch.plan import BatchSettings, PairPlan, plan_pair
from itlim.batch.progress import BatchEnd, ProgressKeeper
from itlim.batch.report import BatchReport, FailedItem
from itlim.batch.running import PARTS_FOLDER, run_batch
from itlim.batch.tracing import TracedDataset
from itlim.batch.work import Failure
from itlim.disk import full_error_of
from itlim.errors import ItlimError
from itlim.library import Library, load_library
from itlim.models.fingerprint import pair_hashes

logger = logging.getLogger(__name__)
_TURN = ".turn"
"""File beside the folders of batches that the working process holds."""
_LOOK_SECONDS = 0.5
WAITING = "Waiting for another batch to end"


def main(folder: Path) -> None:
    """Do a batch; returns at once if another process does it."""
    batch = BatchFolder(folder)
    with batch.held() as is_ours:
        if not is_ours:
            return
        try:
            report = _work(batch)
        except ItlimError as error:
            batch.finish(BatchEnd(ended_at=time.time(), error=" ".join(str(error).split())))
        except Exception as error:
            full = full_error_of(error, "the next answer")
            if full is not None:
                batch.finish(BatchEnd(ended_at=time.time(), error=str(full)))
                return
            # The page shows it; the details are in the log.
            logger.exception("The batch failed")
            name = type(error).__name__
            batch.finish(BatchEnd(ended_at=time.time(), error=f"Unexpected error: {name}: {error}"))
        else:
            batch.finish(BatchEnd(ended_at=time.time(), report=report))


def settings_of(request: BatchRequest) -> BatchSettings:
    """The settings that a request states."""
    return BatchSettings(max_new_tokens=request.max_new_tokens, batch_size=request.batch_size)


def plans_of(
    request: BatchRequest, asked: InstructionFile, library: Library
) -> tuple[PairPlan, ...]:
    """What a request asks of each pair.

    Raises:
        ItlimError: a pair is not in the library, or its models are not on this machine.
    """
    pairs = [library.pair(name) for name in request.pairs]
    return tuple(
        plan_pair(pair, pair_hashes(pair), asked.items, settings_of(request)) for pair in pairs
    )


def _work(batch: BatchFolder) -> BatchReport:
    request, library = batch.request(), load_library()
    asked = read_instructions(batch.questions())
    plans = plans_of(request, asked, library)
    finished = finished_run_ids(batch.out) | Parts(batch.out / PARTS_FOLDER).run_ids()
    finished |= finished_run_ids(batch.known)
    keeper = ProgressKeeper(batch.report, plans, finished, _row_of(asked))
    keeper.send()
    with _turn(batch, keeper):
        return run_batch(
            [plan.pair for plan in plans],
            asked,
            batch.out,
            workers=LocalWorkers(request.workers),
            settings=settings_of(request),
            trace_in=_indexes(request, plans, library, keeper),
            together=bool(request.trace_in),
            known=batch.known,
            progress=keeper.steps,
            answered=keeper.answered,
        )


def _row_of(asked: InstructionFile) -> Callable[[PairPlan, Failure], FailedItem]:
    """How a failure is shown: with the first row of the file that asks for the run."""

    def row(plan: PairPlan, failure: Failure) -> FailedItem:
        item = asked.items[plan.run_ids.index(failure.run_id)]
        return FailedItem(pair=plan.pair.name, item=item.id, line=item.line, reason=failure.reason)

    return row


def _indexes(
    request: BatchRequest, plans: tuple[PairPlan, ...], library: Library, keeper: ProgressKeeper
) -> dict[str, TracedDataset] | None:
    if not (request.trace or request.trace_in):
        return None
    names = datasets_to_trace([plan.pair for plan in plans], request.trace_in)
    return {name: traced_dataset(library, name, keeper.fraction) for name in names}


@contextmanager
def _turn(batch: BatchFolder, keeper: ProgressKeeper) -> Iterator[None]:
    """Wait until no other batch of the user works, then hold the turn inside the block."""
    lock = FileLock(batch.folder.parent / _TURN, timeout=0)
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            keeper.steps(0, 0, WAITING)
            time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        lock.release()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    main(Path(sys.argv[1]))
