"""Ask rephrased questions on a thread; each answer is stored before the next is generated."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from itlim.causality.rephrasing.asking import answers
from itlim.causality.rephrasing.wordings import Rephrasing
from itlim.models.pair_cache import PairCache
from itlim.records import CounterfactualCase, IdentifiedRequest, Request, Run
from itlim.store.connection import Store
from itlim.store.counterfactuals import save_case, save_counterfactual
from itlim.store.runs import load_measured, save_run
from itlim.ui.shared import services
from itlim.ui.shared.answers_under_way import InterruptibleWork, noted_work
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.plain_text import show_error, show_note
from itlim.ui.shared.work_progress import work_progress

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


class RephraseWork(BackgroundWork):
    """Asks one or more models all wordings of a question.

    Args:
        case: its phrase is searched for in the answers.
        wordings: rephrased instructions.
        requests: one per model; the instruction is replaced by each wording.
        indexes: searched for words of other instances.
        author: name of the visitor who chose the wordings.
        store: receives the answers.
        pairs: cache of the models in memory.
    """

    def __init__(
        self,
        case: CounterfactualCase,
        wordings: Sequence[Rephrasing],
        requests: Sequence[Request],
        *,
        indexes: "Sequence[TraceIndex]",
        author: str,
        store: Store,
        pairs: PairCache,
    ) -> None:
        super().__init__("itlim-counterfactuals")
        self._case, self._wordings, self._requests = case, tuple(wordings), tuple(requests)
        self._indexes, self._author = tuple(indexes), author
        self._store, self._pairs = store, pairs

    def _work(self) -> None:
        with noted_work(InterruptibleWork.REPHRASING, self._requests[0].instruction):
            save_case(self._store, self._case)
            for number, request in enumerate(self._requests):
                self._ask(request, number)

    def _ask(self, request: Request, number: int) -> None:
        share = 1 / len(self._requests)

        def report(fraction: float, message: str) -> None:
            self._progress((number + fraction) * share, f"{request.pair.name}: {message}")

        def known(asked: IdentifiedRequest) -> Run | None:
            return load_measured(self._store, asked.id)

        loaded = self._pairs.get(request.pair, report, self._cancel.is_set)
        for made, run in answers(
            self._case,
            self._wordings,
            request,
            loaded,
            indexes=self._indexes,
            author=self._author,
            known=known,
            progress=report,
            cancelled=self._cancel.is_set,
        ):
            save_run(self._store, run)
            save_counterfactual(self._store, made)


def rephrasings_in_progress() -> dict[str, RephraseWork]:
    """Work in progress by case id."""
    return services.in_progress("rephrasings")


def show_progress(case_id: str) -> bool:
    """Show the progress of a case's questions, with a stop button.

    Returns:
        Whether any question of the case is in progress.
    """
    work = rephrasings_in_progress().get(case_id)
    if work is None:
        ended, last = st.session_state.get("lab_ended", (None, None))
        if last is not None and ended == case_id:
            _show_end(last)
        return False
    if work.done:
        # Only the visitors who see it end get the message, not those who come later.
        del rephrasings_in_progress()[case_id]
        st.session_state.lab_ended = (case_id, work)
        _show_end(work)
        return False

    work_progress(work, key=f"stop-{case_id}", button="Stop", shortcut="Escape")
    return True


def _show_end(work: RephraseWork) -> None:
    """Show why the work ended early, if it did."""
    if work.was_cancelled:
        show_note(f"{work.error} Earlier answers are kept.", icon=":material/pan_tool:")
    elif work.error is not None:
        show_error(work.error)
