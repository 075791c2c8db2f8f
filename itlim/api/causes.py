"""Retrain a model without training instances and see whether a phrase survives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from itlim.library import load_library
from itlim.progress import Cancelled, Progress
from itlim.records import Run
from itlim.text.phrases import quoted_span

if TYPE_CHECKING:
    from itlim.records.retrainings import RetrainExperiment


def retrain_without(
    run: Run,
    span: str | tuple[int, int],
    instance_ids: Sequence[str],
    *,
    pair: str | None = None,
    controls: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> "RetrainExperiment":
    """Tune the model again with and without instances, and read the phrase in each answer.

    The full model, the model without the instances, and as many controls (each without as many
    random instances) are tuned in this process on one thread, so that only the data differs.

    Args:
        run: an answer of a pair whose tuned model was made with `itlim train`.
        span: the phrase, as words of the response or as half-open code points.
        instance_ids: what to leave out, such as ["demo-12"].
        pair: name of the pair in the library; the run's own if None.
        controls: number of retrainings without random instances.
        seed: of the random instances.
        progress: called with a fraction in [0, 1] and what is being done.
        cancelled: asked between steps whether to stop.

    Returns:
        The experiment; `arms` lists full, chosen and control models with the log-probability of
        the phrase (nats), whether it is gone, and the answer.

    Raises:
        InputError: the phrase is not in the response, or an id is not in the dataset.
        ModelLoadError: the pair's recipe is not known, so it cannot be tuned again.
    """
    from itlim.causality.retraining.experiment import run_experiment
    from itlim.causality.retraining.known_recipe import known_recipe
    from itlim.causality.retraining.question import question_of

    library = load_library()
    known = known_recipe(library.pair(pair or run.pair), library)
    chosen = quoted_span(run.response, span) if isinstance(span, str) else span
    question = question_of(run, chosen, instance_ids, known, n_controls=controls, seed=seed)
    return run_experiment(question, known, progress=progress, cancelled=cancelled)
