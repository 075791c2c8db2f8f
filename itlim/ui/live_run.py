"""A run in the making, on a thread of its own: pages look at it, none waits for it.

The thread touches no Streamlit: it fills this object, a fragment polls it. The
finished run is in the store before `done` turns true, so a closed tab loses nothing.
"""

import logging
import threading

import pyarrow as pa

from itlim.errors import ItlimError
from itlim.models.pair_cache import PairCache
from itlim.pipeline import Inspection, request_id
from itlim.records import Request, Run
from itlim.schema import FinishReason
from itlim.store.connection import Store
from itlim.store.runs import save_run

logger = logging.getLogger(__name__)


class LiveRun:
    """One request under way.

    Args:
        request: what is asked.
        store: where the finished run goes.
        pairs: the models in memory.
    """

    def __init__(self, request: Request, store: Store, pairs: PairCache) -> None:
        self.request = request
        self.id = request_id(request)
        self.run: Run | None = None
        self.error: ItlimError | None = None
        self.phase = "Starting"
        self.fraction = 0.0
        self.why_not_live = ""
        self._store = store
        self._pairs = pairs
        self._inspection: Inspection | None = None
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._work, name="itlim-live-run", daemon=True)

    def start(self) -> "LiveRun":
        """Begin; returns at once."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the thread to stop after the token under way."""
        self._cancel.set()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive() and (self.run is not None or self.error is not None)

    @property
    def was_cancelled(self) -> bool:
        return self.run is not None and self.run.finish_reason == FinishReason.CANCELLED

    def tokens_so_far(self) -> pa.Table | None:
        """The token rows scored until now (`schema.TOKEN_SHIFTS`), or None."""
        return self._inspection.tokens_so_far() if self._inspection else None

    def _progress(self, fraction: float, message: str) -> None:
        self.fraction, self.phase = fraction, message

    def _work(self) -> None:
        try:
            loaded = self._pairs.get(self.request.pair, self._progress, self._cancel.is_set)
            self._progress(1.0, "Answering" if self.request.response is None else "Scoring")
            self.why_not_live = loaded.why_not_live
            self._inspection = Inspection(self.request, loaded)
            run = self._inspection.answer(self._cancel.is_set, self._progress)
            # A cancelled response is not the answer to its request: shown, never stored.
            if run.finish_reason != FinishReason.CANCELLED:
                save_run(self._store, run)
            self.run = run
        except ItlimError as error:
            self.error = error
        except Exception as error:
            logger.exception("A live run failed")
            self.error = ItlimError(
                f"Something itlim did not foresee: {type(error).__name__}: {error}. The details "
                "are in the terminal where itlim runs; what you typed is still here."
            )
