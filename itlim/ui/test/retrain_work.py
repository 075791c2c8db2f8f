"""Retraining on a thread: one at a time in the whole process, the others wait in a row."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from itlim.causality.retraining.experiment import run_experiment
from itlim.causality.retraining.known_recipe import KnownRecipe
from itlim.causality.retraining.question import experiment_id
from itlim.errors import CancelledError
from itlim.progress import Cancelled
from itlim.records.retrainings import RetrainExperiment, RetrainQuestion
from itlim.store.connection import Store
from itlim.store.retrainings import save_retraining
from itlim.ui.shared import services
from itlim.ui.shared.background_work import BackgroundWork

_LOOK_SECONDS = 0.2


class Turns:
    """First come, first served; one at a time."""

    def __init__(self) -> None:
        self._row: list[object] = []
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, waiting: Callable[[int], None], cancelled: Cancelled) -> Iterator[None]:
        """Wait until all who came before are through, then hold the turn for the block.

        Args:
            waiting: told how many are before, while there are some.
            cancelled: asked a few times a second whether to leave the row.

        Raises:
            CancelledError: `cancelled` said so while waiting.
        """
        ticket = object()
        with self._changed:
            self._row.append(ticket)
        try:
            with self._changed:
                while before := self._row.index(ticket):
                    if cancelled():
                        raise CancelledError("Stopped while waiting for another retraining.")
                    waiting(before)
                    self._changed.wait(_LOOK_SECONDS)
            yield
        finally:
            with self._changed:
                self._row.remove(ticket)
                self._changed.notify_all()


class RetrainWork(BackgroundWork):
    """One experiment under way; it is in the store before `done` turns true.

    Args:
        question: what is asked.
        known: how the pair was tuned.
        store: where the finished experiment goes.
        turns: who may retrain now.
        author: who asked.
    """

    def __init__(
        self,
        question: RetrainQuestion,
        known: KnownRecipe,
        store: Store,
        turns: Turns,
        author: str,
    ) -> None:
        super().__init__("itlim-retraining")
        self.question = question
        self.id = experiment_id(question, known)
        self.experiment: RetrainExperiment | None = None
        self._known = known
        self._store = store
        self._turns = turns
        self._author = author

    def _work(self) -> None:
        with self._turns.turn(self._waits, self._cancel.is_set):
            experiment = run_experiment(
                self.question,
                self._known,
                author=self._author,
                progress=self._progress,
                cancelled=self._cancel.is_set,
            )
            save_retraining(self._store, experiment)
        self.experiment = experiment

    def _waits(self, before: int) -> None:
        plural = "s" if before > 1 else ""
        self._progress(0.0, f"Waiting for {before} other retraining{plural}")


@st.cache_resource(show_spinner=False)
def turns() -> Turns:
    """Of this process."""
    return Turns()


@st.cache_resource(show_spinner=False)
def retrainings() -> dict[str, RetrainWork]:
    """Experiments under way by id: a reloaded page, or a second tab, finds its own again."""
    return {}


def start_retraining(question: RetrainQuestion, known: KnownRecipe, author: str) -> RetrainWork:
    """The work on a question: the one under way, else a new one."""
    running, wanted = retrainings(), experiment_id(question, known)
    for name in [name for name, work in running.items() if work.done]:
        del running[name]
    if wanted not in running:
        work = RetrainWork(question, known, services.store(), turns(), author)
        running[wanted] = work
        work.start()
    return running[wanted]
