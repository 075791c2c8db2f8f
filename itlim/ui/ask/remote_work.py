"""A request to a pair behind servers, on a thread; its run is stored before it is done."""

import streamlit as st

from itlim.ids import content_hash
from itlim.records import RemoteRequest, RemoteRun
from itlim.store.connection import Store
from itlim.store.remote_runs import save_remote
from itlim.ui.shared import services
from itlim.ui.shared.answers_under_way import AnswersUnderWay
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.permalink import open_run
from itlim.ui.shared.plain_text import show_error
from itlim.ui.shared.work_progress import work_progress

_STATE = "remote_work"


class RemoteWork(BackgroundWork):
    """Answers or scores one request.

    Args:
        request: the pair and the question.
        store: receives the run.
    """

    def __init__(self, request: RemoteRequest, store: Store) -> None:
        super().__init__("itlim-remote-run")
        self.run: RemoteRun | None = None
        self._request = request
        self._store = store

    def _work(self) -> None:
        from itlim.remote.answering import answer_remotely

        request = self._request
        key = content_hash(request.pair.name, request.instruction, request.input)[:16]
        with AnswersUnderWay().noted(key, request.instruction):
            run = answer_remotely(request, progress=self._progress, cancelled=self._cancel.is_set)
            save_remote(self._store, run)
        self.run = run


def start_remote(request: RemoteRequest) -> None:
    """Start a request of this visitor; it replaces an earlier one."""
    st.session_state[_STATE] = RemoteWork(request, services.store()).start()


def forget_remote() -> None:
    """Cancel this visitor's request and drop its error."""
    work = st.session_state.pop(_STATE, None)
    if isinstance(work, RemoteWork):
        work.cancel()


def remote_in_progress() -> bool:
    """Whether a request of this visitor is on its way."""
    work = st.session_state.get(_STATE)
    return isinstance(work, RemoteWork) and not work.done


def show_remote_work() -> bool:
    """Draw the progress or the error of this visitor's request, and open its run once it is done.

    Returns:
        Whether anything was drawn that takes the place of an answer.
    """
    work = st.session_state.get(_STATE)
    if not isinstance(work, RemoteWork):
        return False
    if not work.done:
        work_progress(work, key="remote-cancel")
        return True
    if work.error is not None:
        show_error(work.error)
        return True
    del st.session_state[_STATE]
    if work.run is not None:
        st.session_state.prefilled = work.run.run_id
        open_run(work.run.run_id)
    return False
