"""A run that a thread generates and scores; it is stored before `done` becomes true."""

from itlim.models.pair_cache import PairCache
from itlim.pipeline import Inspection
from itlim.records import IdentifiedRequest, Run
from itlim.schema import FinishReason
from itlim.store.connection import Store
from itlim.store.runs import save_run
from itlim.ui.shared.answers_under_way import AnswersUnderWay
from itlim.ui.shared.background_work import BackgroundWork


class LiveRun(BackgroundWork):
    """Answers one request on a thread.

    Args:
        asked: the request with its id.
        store: receives the finished run.
        pairs: cache of the models in memory.
        under_way: keeps the question on disk meanwhile; None for no trace of it.
    """

    def __init__(
        self,
        asked: IdentifiedRequest,
        store: Store,
        pairs: PairCache,
        *,
        under_way: AnswersUnderWay | None = None,
    ) -> None:
        super().__init__("itlim-live-run")
        self.asked = asked
        self.run: Run | None = None
        self.live_unavailable_reason = ""
        self.notices: tuple[str, ...] = ()
        """Sentences about the pair and, after answering, the answer."""
        self._store = store
        self._pairs = pairs
        self._under_way = under_way
        self.inspection: Inspection | None = None
        """None until the models are in memory."""

    @property
    def was_cancelled(self) -> bool:
        """Whether it was canceled while answering; before that, `error` is a `CancelledError`."""
        return self.run is not None and self.run.finish_reason == FinishReason.CANCELLED

    def _work(self) -> None:
        if self._under_way is None:
            self._answer()
            return
        with self._under_way.noted(self.asked.id, self.asked.request.instruction):
            self._answer()

    def _answer(self) -> None:
        request = self.asked.request
        loaded = self._pairs.get(
            request.pair, self._progress, self._cancel.is_set, hashes=self.asked.hashes
        )
        self._progress(1.0, "Answering" if request.response is None else "Scoring")
        self.live_unavailable_reason = loaded.live_unavailable_reason
        self.notices = loaded.notices
        self.inspection = Inspection(self.asked, loaded)
        run = self.inspection.answer(self._cancel.is_set, self._progress)
        self.notices = self.inspection.notices
        # A canceled response is not the answer to its request, so it is shown but not stored.
        if run.finish_reason != FinishReason.CANCELLED:
            save_run(self._store, run)
        self.run = run
