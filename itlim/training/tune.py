"""Tune a model in memory on encoded instances, reproducibly.

Leave-out retraining must differ only by the omitted instance. Therefore an instance in
`without` keeps its position in the batch, its row of ids, its share of the normalizer and its
noise; only the loss on its tokens has weight 0.
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from itlim.errors import CancelledError, InputError, NonFiniteError
from itlim.progress import Cancelled, StepProgress
from itlim.training.encoding import EncodedInstance
from itlim.training.gradient import accumulate_gradient
from itlim.training.noise import noisy_embeddings
from itlim.training.recipes import Recipe, cosine_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningState:
    """The state of a tuning run before one of its steps; resuming from it is bitwise exact.

    Up to the first batch with an omitted instance, all tuning runs with the same seed are
    identical, so later runs can start from such a state.
    """

    step: int
    """The next step, 0-based."""
    weights: dict[str, Any]
    """Tensors of all tuned parameters, by name."""
    optimizer: dict[str, Any]
    noise: Any
    """State of the generator for NEFTune's noise."""
    random: Any
    """State of torch's global generator."""
    device_random: Any = None
    """State of the GPU's generator; None on other devices."""

    def copied(self) -> "TuningState":
        """A copy that does not change when the run continues."""
        return copy.deepcopy(self)


def batches_of(instances: int, recipe: Recipe, seed: int) -> list[list[int]]:
    """Indices of the instances in each step's batch, over all epochs."""
    return [
        order[start : start + recipe.batch_size]
        for order in epoch_orders(instances, recipe.epochs, seed)
        for start in range(0, len(order), recipe.batch_size)
    ]


def epoch_orders(instances: int, epochs: int, seed: int) -> list[list[int]]:
    """The order of the instances in each epoch; depends only on these three numbers."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(instances, generator=generator).tolist() for _ in range(epochs)]


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
        run = _TuningRun(model, instances, recipe, without, seed)
        if start is not None:
            run.restore(start)
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


class _TuningRun:
    """A model with its optimizer and the current step."""

    def __init__(
        self,
        model: Any,
        instances: Sequence[EncodedInstance],
        recipe: Recipe,
        without: frozenset[str],
        seed: int,
    ) -> None:
        import torch

        model.train()
        self._model, self._recipe, self._without = model, recipe, without
        self._batches = [
            [instances[index] for index in batch]
            for batch in batches_of(len(instances), recipe, seed)
        ]
        self._weights = {
            name: weight for name, weight in model.named_parameters() if weight.requires_grad
        }
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.noise = torch.Generator().manual_seed(seed + 1)
        self._is_on_cuda = model.device.type == "cuda"
        self.step = 0
        self.steps = len(self._batches)

    def advance(self) -> float:
        """Do one step; returns its loss."""
        import torch

        for group in self._optimizer.param_groups:
            group["lr"] = cosine_rate(
                self.step,
                self.steps,
                peak=self._recipe.learning_rate,
                warmup_share=self._recipe.warmup_share,
                final_share=0.0,
            )
        batch = self._batches[self.step]
        loss = accumulate_gradient(self._model, batch, self._recipe, self._without)
        if not math.isfinite(loss):
            raise NonFiniteError(
                f"The loss is {loss} at step {self.step + 1} of {self.steps}: try a learning "
                f"rate below {self._recipe.learning_rate}."
            )
        torch.nn.utils.clip_grad_norm_(self._weights.values(), self._recipe.gradient_norm)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss

    def state(self) -> TuningState:
        import torch

        return TuningState(
            step=self.step,
            weights={name: weight.detach() for name, weight in self._weights.items()},
            optimizer=self._optimizer.state_dict(),
            noise=self.noise.get_state(),
            random=torch.get_rng_state(),
            device_random=torch.cuda.get_rng_state() if self._is_on_cuda else None,
        )

    def restore(self, state: TuningState) -> None:
        import torch

        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(state.weights[name])
        # Without the copy, the optimizer would later write into the tensors of the state.
        self._optimizer.load_state_dict(copy.deepcopy(state.optimizer))
        self.noise.set_state(state.noise)
        torch.set_rng_state(state.random)
        if self._is_on_cuda and state.device_random is not None:
            torch.cuda.set_rng_state(state.device_random)
        self.step = state.step
