"""Tune a model in memory on encoded instances, reproducibly.

Leave-out retraining must differ only by the omitted instance. Therefore an instance in
`without` keeps its position in the batch, its row of ids, its share of the normalizer and its
noise; only the loss on its tokens has weight 0.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from itlim.errors import CancelledError, InputError
from itlim.progress import Cancelled, StepProgress
from itlim.training.encoding import EncodedInstance
from itlim.training.noise import noisy_embeddings
from itlim.training.recipes import Recipe
from itlim.training.tuning_plan import TuningPlan, plan_of
from itlim.training.tuning_run import TuningRun, TuningState


def with_adapter(model: Any, recipe: Recipe, seed: int) -> Any:
    """Wrap the model in a new LoRA adapter on every linear layer except the head.

    Initially the adapter does not change any output; its weights depend only on the seed.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=recipe.adapter_rank or 0,
        lora_alpha=recipe.adapter_alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return get_peft_model(model, config)


def tune(
    model: Any,
    instances: Sequence[EncodedInstance],
    recipe: Recipe,
    *,
    without: frozenset[str] = frozenset(),
    seed: int = 0,
    progress: StepProgress | None = None,
    cancelled: Cancelled | None = None,
    announce: Callable[[TuningPlan], None] | None = None,
    start: TuningState | None = None,
    keep_before: Callable[[int], bool] = lambda _step: False,
    keep: Callable[[TuningState], None] | None = None,
) -> Any:
    """Tune a model in place and return it, or the adapter that wraps it.

    Pass a copy to keep the original.

    Args:
        model: a causal language model, as transformers loads it: in float32, or in
            `recipe.dtype` if only an adapter is tuned.
        instances: from `encode_instances`.
        recipe: settings of the tuning.
        without: ids of instances whose loss has weight 0.
        seed: determines order, noise, dropout and the adapter's initial weights.
        progress: called with the steps done, the total number of steps and the loss.
        cancelled: called before each step; returns True to stop.
        announce: called with the number of tokens and the expected time, which is measured on a
            part of the first batch, before the first step.
        start: state to resume from, of a run with the same model, recipe and seed.
        keep_before: called with each 0-based step; returns True if `keep` is called before it.
        keep: called with the state; its tensors are those of the run, which change afterwards.

    Raises:
        InputError: an id in `without` is not among the instances.
        NonFiniteError: the loss is not finite.
        CancelledError: `cancelled` returned True.
    """
    import torch

    unknown = without - {instance.instance_id for instance in instances}
    if unknown:
        raise InputError(
            f"No instance {', '.join(sorted(unknown))} in this dataset of {len(instances)}: "
            f"ids look like {instances[0].instance_id}."
        )
    if recipe.adapter_rank is not None:
        model = with_adapter(model, recipe, seed)
    with torch.random.fork_rng(devices=[]), _saving_activations(model, recipe):
        torch.manual_seed(seed)
        run = TuningRun(model, instances, recipe, without, seed)
        if start is not None:
            run.restore(start)
        if announce is not None:
            announce(plan_of(model, run, recipe))
        with noisy_embeddings(model, recipe.noise_alpha, run.noise):
            while run.step < run.steps:
                if cancelled is not None and cancelled():
                    raise CancelledError(f"Tuning stopped after {run.step} of {run.steps} steps.")
                if keep is not None and keep_before(run.step):
                    keep(run.state())
                loss = run.advance()
                if progress is not None:
                    progress(run.step, run.steps, f"loss {loss:.3f}")
    return model.eval()


@contextmanager
def _saving_activations(model: Any, recipe: Recipe) -> Iterator[None]:
    """Recompute activations within the context, if the recipe asks for it."""
    if not recipe.gradient_checkpointing:
        yield
        return
    if not model.supports_gradient_checkpointing:
        raise InputError(
            f"{type(model).__name__} cannot compute activations again: tune it without gradient "
            "checkpointing."
        )
    # transformers 5.23 renames both methods; older versions have only the second name.
    for name in ("activation_checkpointing", "gradient_checkpointing"):
        if hasattr(model, f"{name}_enable"):
            break
    getattr(model, f"{name}_enable")({"use_reentrant": False})
    try:
        yield
    finally:
        getattr(model, f"{name}_disable")()
