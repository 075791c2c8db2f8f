"""The steps of a tuning run, and the state from which it can resume."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itlim.errors import NonFiniteError
from itlim.training.encoding import EncodedInstance
from itlim.training.gradient import accumulate_gradient
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


class TuningRun:
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
        self.batches = [
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
        self.steps = len(self.batches)

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
        batch = self.batches[self.step]
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
        """The state before the next step; its tensors change when the run continues."""
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
        """Continue from a state of a run with the same model, recipe and seed."""
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
