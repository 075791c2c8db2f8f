"""Workers on this machine: this process, or several processes."""

import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

from itlim.batch.work import Work
from itlim.errors import ModelRunError

J = TypeVar("J")
R = TypeVar("R")


class LocalWorkers:
    """Runs work in this process, or in several processes that share its CPUs.

    Args:
        n: number of workers; 1 starts no process.
    """

    def __init__(self, n: int = 1) -> None:
        self._n = n

    def run(self, work: Work[J, R], jobs: Sequence[J]) -> Generator[R, None, None]:
        """See `Workers.run`."""
        if self._n == 1:
            do = work.start()
            for job in jobs:
                yield do(job)
            return
        threads = max(1, (os.cpu_count() or 1) // self._n)
        pool = ProcessPoolExecutor(
            min(self._n, len(jobs)) or 1,
            mp_context=get_context("spawn"),
            initializer=_prepare,
            initargs=(threads,),
        )
        try:
            for done in as_completed([pool.submit(_do, work, job) for job in jobs]):
                yield done.result()
        except BrokenProcessPool as error:
            raise ModelRunError(
                "A worker process was ended, probably because memory ran out. Finished batches "
                "are kept: run the same command with fewer --workers or a smaller --batch-size."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _prepare(threads: int) -> None:
    # Ctrl-C reaches every process of a terminal; a worker ends at once, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(threads)


def _end_with_parent() -> None:
    """Do not outlive a parent that was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(work: Any, job: Any) -> Any:
    return _started(work)(job)


@lru_cache(maxsize=1)
def _started(work: Any) -> Callable[[Any], Any]:
    """The worker of this process, which keeps what it loaded."""
    do: Callable[[Any], Any] = work.start()
    return do
