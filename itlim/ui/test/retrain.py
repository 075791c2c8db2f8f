"""Retrain without instances: choose them, follow the progress, and show the result."""

from pathlib import Path

import streamlit as st

from itlim.causality.retraining.known_recipe import NOTE, KnownRecipe, known_recipe
from itlim.causality.retraining.question import experiment_id, question_of
from itlim.errors import InputError, NotFoundError
from itlim.library import Library
from itlim.models.fingerprint import fingerprint
from itlim.models.model_files import how_to_build
from itlim.records import NO_MEASURES, ResponseRun, Run
from itlim.records.retrainings import RetrainExperiment
from itlim.schema import TuningKind
from itlim.store.retrainings import load_retraining, require_retraining
from itlim.ui.shared import services
from itlim.ui.shared.ground_truth import GroundTruth
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import show_error, show_note, show_warning, shown_errors
from itlim.ui.shared.public import Action, is_refused
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.work_progress import work_progress
from itlim.ui.test.retrain_choice import choose_instances, number_of_controls, show_cost
from itlim.ui.test.retrain_result import show_earlier, show_experiment
from itlim.ui.test.retrain_work import (
    RetrainWork,
    resume_retrainings,
    retrainings_in_progress,
    start_retraining,
)

PARAMETER = "retraining"


def show_retrain(subject: Subject, truth: GroundTruth, *, author: str = "") -> None:
    """Draw choice, progress and results for the marked phrase of a stored answer.

    Args:
        subject: the answer; its span is the marked phrase.
        truth: says whether a new answer is right, where that is known.
        author: name stored with a new experiment; empty if the visitor gave none.
    """
    run = subject.run
    if run is None:
        st.info(
            "Only stored answers of a model can be tested: choose one instead of a typed text.",
            icon=":material/touch_app:",
        )
        return
    if isinstance(run, ResponseRun):
        st.info(f"{NO_MEASURES} Retraining needs the model.", icon=":material/model_training:")
        return
    if is_refused(Action.RETRAINING):
        with shown_errors():
            _linked_experiment(subject, run, truth)
        show_earlier(run, opened=st.query_params.get(PARAMETER))
        return
    for problem in resume_retrainings():
        show_warning(problem)
    if hint := _not_built(run):
        show_note(f"{hint} Retraining needs these weights.", icon=":material/model_training:")
        show_earlier(run, opened=st.query_params.get(PARAMETER))
        return
    with shown_errors():
        known = _recipe_of(run)
        if subject.span is None:
            st.info(
                "Select a phrase: drag over the words, then choose “Test it”.",
                icon=":material/touch_app:",
            )
        else:
            with st.container(border=True):
                _ask_form(subject, run, subject.span, known, author)
    with shown_errors():
        _linked_experiment(subject, run, truth)
    show_earlier(run, opened=st.query_params.get(PARAMETER))


def _not_built(run: Run) -> str | None:
    """What to do if the pair is one that itlim builds on this machine, and is not built."""
    pair = services.library().pairs.get(run.pair)
    if pair is None:
        return None
    return how_to_build(pair.base) or how_to_build(pair.tuned_source)


def _recipe_of(run: Run) -> KnownRecipe:
    """The recipe with which the model of an answer was tuned.

    Raises:
        ItlimError: the recipe is unknown, or the model has changed since.
    """
    if run.tuning == TuningKind.NONE:
        raise InputError(
            "The untuned base model gave this answer, so there is nothing to leave out. Choose an "
            "answer of a tuned model."
        )
    library = services.library()
    pair = library.pairs.get(run.pair)
    if pair is None:
        raise NotFoundError(
            f"The library does not contain the pair {run.pair!r}, which gave this answer. Add it "
            "under this name on Data & models, with the dataset it was tuned on."
        )
    note = Path(pair.tuned_source.path) / NOTE
    entry = library.datasets.get(pair.dataset or "")
    files = [note, entry.path] if entry else [note]
    stamps = [path.stat().st_mtime_ns for path in files if path and path.exists()]
    found = _cached_recipe(pair.name, repr((pair, entry, stamps)), library)
    if fingerprint(pair.tuned_source) != run.tuned_hash:
        raise InputError(
            f"The model of {run.pair} has changed since this answer. Ask the question again on "
            "Ask, and select the words there."
        )
    return found


@st.cache_resource(show_spinner="Reading the dataset …", max_entries=4)
def _cached_recipe(pair: str, stamp: str, _library: Library) -> KnownRecipe:
    return known_recipe(_library.pair(pair), _library)


def _ask_form(
    subject: Subject, run: Run, span: tuple[int, int], known: KnownRecipe, author: str
) -> None:
    """Draw the choice of instances and the button that retrains without them."""
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


def _linked_experiment(subject: Subject, run: Run, truth: GroundTruth) -> None:
    """Draw the experiment that the URL names, else one of this answer that is in progress."""
    wanted = st.query_params.get(PARAMETER) or _running(run)
    if not wanted:
        return
    stored = load_retraining(services.store(), wanted)
    if stored is not None:
        if _belongs(stored, subject, run):
            show_experiment(stored, run, truth)
        else:
            # Another answer or other words were chosen since: the result no longer applies.
            write_view(**{PARAMETER: None})
        return
    work = retrainings_in_progress().get(wanted)
    if work is None:
        require_retraining(services.store(), wanted)
    elif work.error is not None:
        _stopped(work)
    elif work.question.run_id == run.run_id:
        _progress(work)
    else:
        st.caption("A retraining for another answer is in progress; its URL shows it again.")


def _running(run: Run) -> str | None:
    """Id of a retraining of this answer that is in progress."""
    for name, work in retrainings_in_progress().items():
        if work.question.run_id == run.run_id and not work.done:
            return name
    return None


def _belongs(experiment: RetrainExperiment, subject: Subject, run: Run) -> bool:
    question = experiment.question
    same_words = subject.span in (None, (question.span_start, question.span_stop))
    return question.run_id == run.run_id and same_words


def _stopped(work: RetrainWork) -> None:
    if work.was_cancelled:
        st.info(
            "The retraining was canceled. Nothing was stored, but models that were finished are "
            "kept for the same retraining.",
            icon=":material/pan_tool:",
        )
    elif work.error is not None:
        show_error(work.error)


def _progress(work: RetrainWork) -> None:
    """Draw a progress bar and a Cancel button; rerun the page once at the end."""

    work_progress(work, key=f"cancel-{work.id}")
    st.caption(
        "The retraining continues if you close this page; its URL shows it again. Other pages stay "
        "usable meanwhile. After a restart of the app, it continues once the Test page is opened; "
        "finished models are kept."
    )
