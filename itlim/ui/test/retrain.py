"""Retrain without it: choose instances, wait, and see whether the phrase survives."""

from pathlib import Path

import streamlit as st

from itlim.causality.retraining.known_recipe import NOTE, KnownRecipe, known_recipe
from itlim.causality.retraining.question import experiment_id, question_of
from itlim.errors import InputError, NotFoundError
from itlim.library import Library
from itlim.models.fingerprint import fingerprint
from itlim.records import Run
from itlim.records.retrainings import RetrainExperiment
from itlim.schema import TuningKind
from itlim.store.retrainings import load_retraining, require_retraining
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.test.retrain_choice import choose_instances, number_of_controls, show_cost
from itlim.ui.test.retrain_result import show_earlier, show_experiment
from itlim.ui.test.retrain_work import RetrainWork, retrainings, start_retraining

POLL_SECONDS = 0.5
PARAMETER = "retraining"


def show_retrain(subject: Subject, *, author: str = "") -> None:
    """Draw choice, progress and results for the marked words of a stored answer.

    Args:
        subject: the answer; its span is the phrase in question.
        author: kept with a new experiment; empty if nobody said.
    """
    run = subject.run
    if run is None:
        st.info(
            "A typed text comes from no model that could be retrained: choose a stored answer.",
            icon="👆",
        )
        return
    with shown_errors():
        known = _known_of(run)
        if subject.span is None:
            st.info("Mark the words that you suspect: drag over them, then Enter.", icon="👆")
        else:
            with st.container(border=True):
                _ask(subject, run, subject.span, known, author)
    with shown_errors():
        _linked(subject, run)
    show_earlier(run, opened=st.query_params.get(PARAMETER))


def _known_of(run: Run) -> KnownRecipe:
    """How the model behind an answer was tuned.

    Raises:
        ItlimError: that is not known, or it is another model by now; says what to do.
    """
    if run.tuning == TuningKind.NONE:
        raise InputError(
            "The untuned base gave this answer: there is nothing to leave out. Choose an answer of "
            "a tuned model."
        )
    library = services.library()
    pair = library.pairs.get(run.pair)
    if pair is None:
        raise NotFoundError(
            f"This answer is of the pair {run.pair!r}, which the library does not hold (any more): "
            "add it under that name on Library, with the dataset that it was tuned on."
        )
    note = Path(pair.tuned_source.path) / NOTE
    entry = library.datasets.get(pair.dataset or "")
    places = [note, entry.path] if entry else [note]
    stamps = [path.stat().st_mtime_ns for path in places if path and path.exists()]
    found = _known(pair.name, repr((pair, entry, stamps)), library)
    if fingerprint(pair.tuned_source) != run.tuned_hash:
        raise InputError(
            f"The model of {run.pair} is another by now than the one that gave this answer: put "
            "the question again on Inspect, and mark the words there."
        )
    return found


@st.cache_resource(show_spinner="Reading the dataset …", max_entries=4)
def _known(pair: str, stamp: str, _library: Library) -> KnownRecipe:
    return known_recipe(_library.pair(pair), _library)


def _ask(
    subject: Subject, run: Run, span: tuple[int, int], known: KnownRecipe, author: str
) -> None:
    """The choice of instances and the button that retrains without them."""
    chosen = choose_instances(subject, span, known)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        controls = number_of_controls()
        pressed = st.button(
            "Retrain without it", type="primary", disabled=not chosen, key="retrain-start"
        )
    show_cost(run, known, controls)
    if pressed:
        question = question_of(run, span, chosen, known, n_controls=controls)
        wanted = experiment_id(question, known)
        if load_retraining(services.store(), wanted) is None:
            start_retraining(question, known, author)
        write_view(**{PARAMETER: wanted})


def _linked(subject: Subject, run: Run) -> None:
    """What the address names: an experiment under way, or a finished one."""
    wanted = st.query_params.get(PARAMETER)
    if not wanted:
        return
    stored = load_retraining(services.store(), wanted)
    if stored is not None:
        if _belongs(stored, subject, run):
            show_experiment(stored, run)
        else:
            # Another answer or other words were chosen since: the old result is no longer asked.
            write_view(**{PARAMETER: None})
        return
    work = retrainings().get(wanted)
    if work is None:
        require_retraining(services.store(), wanted)
    elif work.error is not None:
        _stopped(work)
    elif work.question.run_id == run.run_id:
        _progress(work)
    else:
        st.caption("A retraining for another answer is under way; its address finds it again.")


def _belongs(experiment: RetrainExperiment, subject: Subject, run: Run) -> bool:
    question = experiment.question
    same_words = subject.span in (None, (question.span_start, question.span_stop))
    return question.run_id == run.run_id and same_words


def _stopped(work: RetrainWork) -> None:
    if work.was_cancelled:
        st.info("The retraining was stopped; nothing of it is kept.", icon="✋")
    else:
        st.error(str(work.error), icon="⚠️")


def _progress(work: RetrainWork) -> None:
    """A bar with a way to stop; reruns the page once at the end."""

    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        if work.done:
            st.rerun(scope="app")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(1.0, work.fraction), text=f"{work.phase} …")
            st.button("Cancel", key=f"cancel-{work.id}", on_click=work.cancel)

    poll()
    st.caption(
        "It goes on when this page is closed; its address finds it again. Other pages and "
        "visitors can work on meanwhile."
    )
