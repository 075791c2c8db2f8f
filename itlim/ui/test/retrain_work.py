"""Retraining on a thread, one at a time per process; the others wait in a queue."""

import streamlit as st

from itlim.causality.retraining.experiment import run_experiment
from itlim.causality.retraining.known_recipe import KnownRecipe, known_recipe
from itlim.causality.retraining.question import experiment_id
from itlim.causality.retraining.unfinished import UnfinishedExperiments, request_now
from itlim.errors import InputError, ItlimError
from itlim.records.retrainings import RetrainExperiment, RetrainQuestion
from itlim.store.connection import Store
from itlim.store.retrainings import save_retraining
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.turn_queue import TurnQueue


class RetrainWork(BackgroundWork):
    """One retraining experiment; it is stored before `done` becomes true.

    Args:
        question: the phrase and the instances to leave out.
        known: the recipe with which the pair was tuned.
        store: receives the finished experiment.
        queue: shared by all retrainings of the process.
        author: name of the visitor; may be empty.
        unfinished: keeps the request and finished models until the experiment is stored.
    """

    def __init__(
        self,
        question: RetrainQuestion,
        known: KnownRecipe,
        store: Store,
        queue: TurnQueue,
        author: str,
        unfinished: UnfinishedExperiments,
    ) -> None:
        super().__init__("itlim-retraining")
        self.question = question
        self.id = experiment_id(question, known)
        self.experiment: RetrainExperiment | None = None
        self._known = known
        self._store = store
        self._queue = queue
        self._author = author
        self._unfinished = unfinished
        unfinished.request(request_now(self.id, known.pair.name, question, author))

    def _work(self) -> None:
        try:
            with self._queue.turn(self._report_waiting, self._cancel.is_set):
                experiment = run_experiment(
                    self.question,
                    self._known,
                    author=self._author,
                    finished=self._unfinished.arms(self.id),
                    progress=self._progress,
                    cancelled=self._cancel.is_set,
                )
                save_retraining(self._store, experiment)
        finally:
            # Canceled or failed: only a restart of the app leaves a request behind.
            self._unfinished.withdraw(self.id)
        self._unfinished.forget(self.id)
        self.experiment = experiment

    def _report_waiting(self, before: int) -> None:
        self._progress(0.0, f"Waiting for {plural(before, 'other retraining')}")


@st.cache_resource(show_spinner=False)
def retrain_queue() -> TurnQueue:
    """Return the queue of this process."""
    return TurnQueue()


def retrainings_in_progress() -> dict[str, RetrainWork]:
    """Work in progress by experiment id."""
    return services.in_progress("retrainings")


def start_retraining(question: RetrainQuestion, known: KnownRecipe, author: str) -> RetrainWork:
    """Return the work on a question: the one in progress, otherwise a new one."""
    running, wanted = retrainings_in_progress(), experiment_id(question, known)
    for name in [name for name, work in running.items() if work.done]:
        del running[name]
    if wanted not in running:
        _start(question, known, author)
    return running[wanted]


@st.cache_resource(show_spinner=False)
def resume_retrainings() -> tuple[str, ...]:
    """Start the retrainings that an earlier process of the app left behind, the oldest first.

    Models that were finished are not tuned again. Only the first call of a process does anything.

    Returns:
        A sentence for each retraining that cannot be resumed; its request is deleted.
    """
    problems = []
    unfinished, library = UnfinishedExperiments(), services.library()
    for request in unfinished.requests():
        try:
            known = known_recipe(library.pair(request.pair), library)
            if experiment_id(request.question, known) != request.experiment_id:
                raise InputError(f"{request.pair} or its dataset has changed since.")
        except ItlimError as error:
            unfinished.withdraw(request.experiment_id)
            problems.append(f"A retraining of {request.pair} cannot be resumed: {error}")
            continue
        _start(request.question, known, request.author)
    return tuple(problems)


def _start(question: RetrainQuestion, known: KnownRecipe, author: str) -> None:
    work = RetrainWork(
        question, known, services.store(), retrain_queue(), author, UnfinishedExperiments()
    )
    retrainings_in_progress()[work.id] = work
    work.start()
