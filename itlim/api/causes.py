"""Retrain a model without training instances and test whether a phrase survives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from itlim.errors import InputError
from itlim.library import load_library
from itlim.progress import Cancelled, Progress
from itlim.records import NO_MEASURES, ResponseRun, StoredRun
from itlim.text.phrases import quoted_span

if TYPE_CHECKING:
    from itlim.records.retrainings import RetrainExperiment


def retrain_without(
    run: StoredRun,
    span: str | tuple[int, int],
    instance_ids: Sequence[str],
    *,
    pair: str | None = None,
    controls: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> "RetrainExperiment":
    """Tune the model again with and without instances, and look for the phrase in each answer.

    The full model, the model without the instances, and the control models (each without the
    same number of random instances) are tuned in this process on one thread, so that only the
    data differs.

    Args:
        run: an answer of a pair whose tuned model was trained with `itlim train`.
        span: the phrase, as words of the response or as a half-open code-point range.
        instance_ids: instances to omit, such as ["demo-12"].
        pair: name of the pair in the library; the run's own if None.
        controls: number of control models.
        seed: seed for drawing the random instances.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: called between steps; returns True to stop.

    Returns:
        The experiment; `arms` lists full, chosen and control models with the log-probability of
        the phrase (nats), whether it is gone, and the answer.

    Raises:
        InputError: the phrase is not in the response, an id is not in the dataset, or the answer
            was imported without its models.
        ModelLoadError: the pair's recipe is unknown, so it cannot be tuned again.
    """
    from itlim.causality.retraining.experiment import run_experiment
    from itlim.causality.retraining.known_recipe import known_recipe
    from itlim.causality.retraining.question import question_of

    if isinstance(run, ResponseRun):
        raise InputError(
            f"{NO_MEASURES} Retraining needs the model: let a pair answer the question, or score "
            "this answer with it."
        )
    library = load_library()
    known = known_recipe(library.pair(pair or run.pair), library)
    chosen = quoted_span(run.response, span) if isinstance(span, str) else span
    question = question_of(run, chosen, instance_ids, known, n_controls=controls, seed=seed)
    return run_experiment(question, known, progress=progress, cancelled=cancelled)
