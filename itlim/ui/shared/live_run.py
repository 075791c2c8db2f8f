"""A run in the making; it is in the store before `done` turns true."""

from itlim.models.pair_cache import PairCache
from itlim.pipeline import Inspection
from itlim.records import IdentifiedRequest, Run
from itlim.schema import FinishReason
from itlim.store.connection import Store
from itlim.store.runs import save_run
from itlim.ui.shared.background_work import BackgroundWork


class LiveRun(BackgroundWork):
    """One request under way.

    Args:
        asked: what is asked, with its id.
        store: where the finished run goes.
        pairs: the models in memory.
    """

    def __init__(self, asked: IdentifiedRequest, store: Store, pairs: PairCache) -> None:
        super().__init__("itlim-live-run")
        self.asked = asked
        self.run: Run | None = None
        self.why_not_live = ""
        self.notices: tuple[str, ...] = ()
        """Sentences about the pair and, once it is there, the answer."""
        self._store = store
        self._pairs = pairs
        self.inspection: Inspection | None = None
        """From the moment the models are in memory."""

    @property
    def was_cancelled(self) -> bool:
        """Stopped while answering; before that, the error says so."""
        return self.run is not None and self.run.finish_reason == FinishReason.CANCELLED

    def _work(self) -> None:
        request = self.asked.request
        loaded = self._pairs.get(
            request.pair, self._progress, self._cancel.is_set, hashes=self.asked.hashes
        )
        self._progress(1.0, "Answering" if request.response is None else "Scoring")
        self.why_not_live = loaded.why_not_live
        self.notices = loaded.notices
        self.inspection = Inspection(self.asked, loaded)
        run = self.inspection.answer(self._cancel.is_set, self._progress)
        self.notices = self.inspection.notices
        # A cancelled response is not the answer to its request: shown, never stored.
        if run.finish_reason != FinishReason.CANCELLED:
            save_run(self._store, run)
        self.run = run
