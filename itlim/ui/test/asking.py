"""Rephrased questions being asked: on a thread, each answer stored before the next is begun."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from itlim.causality.rephrasing.asking import answers
from itlim.causality.rephrasing.wordings import Rephrasing
from itlim.models.pair_cache import PairCache
from itlim.records import CounterfactualCase, IdentifiedRequest, Request, Run
from itlim.store.connection import Store
from itlim.store.counterfactuals import save_case, save_counterfactual
from itlim.store.runs import load_run, save_run
from itlim.ui.shared.background_work import BackgroundWork

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

POLL_SECONDS = 0.3


class Asking(BackgroundWork):
    """Wordings put to one or more models.

    Args:
        case: whose phrase is looked for.
        wordings: rephrased instructions.
        requests: one a model that is asked; their instruction is replaced.
        indexes: where other instances' words are looked for.
        author: who chose the wordings.
        store: where answers go.
        pairs: the models in memory.
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
        save_case(self._store, self._case)
        for number, request in enumerate(self._requests):
            self._ask(request, number)

    def _ask(self, request: Request, number: int) -> None:
        share = 1 / len(self._requests)

        def report(fraction: float, message: str) -> None:
            self._progress((number + fraction) * share, f"{request.pair.name}: {message}")

        def known(asked: IdentifiedRequest) -> Run | None:
            return load_run(self._store, asked.id)

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


@st.cache_resource(show_spinner=False)
def askings() -> dict[str, Asking]:
    """Questions under way by case: a reloaded page, or a second tab, finds them again."""
    return {}


def show_asking(case_id: str) -> bool:
    """Progress of a case's questions with a way to stop; whether there is any under way."""
    asking = askings().get(case_id)
    if asking is None:
        ended, last = st.session_state.get("lab_ended", (None, None))
        if last is not None and ended == case_id:
            _show_end(last)
        return False
    if asking.done:
        # Told to whoever sees it end, not to everybody who comes by later.
        del askings()[case_id]
        st.session_state.lab_ended = (case_id, asking)
        _show_end(asking)
        return False

    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        if asking.done:
            st.rerun(scope="app")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(1.0, asking.fraction), text=f"{asking.phase} …")
            st.button("Stop", key=f"stop-{case_id}", on_click=asking.cancel, shortcut="Escape")

    poll()
    return True


def _show_end(asking: Asking) -> None:
    """Why it ended, if it did not end well."""
    if asking.was_cancelled:
        st.info(f"{asking.error} What was answered before is kept.", icon="✋")
    elif asking.error is not None:
        st.error(str(asking.error), icon="⚠️")
