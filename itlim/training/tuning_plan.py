"""How much a tuning run computes, and how long that takes on this machine."""

import time
from dataclasses import dataclass
from typing import Any

from itlim.training.gradient import accumulate_gradient, micro_batches, padded_tokens
from itlim.training.recipes import Recipe
from itlim.training.tuning_run import TuningRun

_FEW_PARTS = 20
"""A run of so few micro-batches shows its speed by itself before a measurement would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningPlan:
    """The remaining work of a tuning run before it starts or resumes."""

    steps: int
    """All steps of the run."""
    done: int
    """Steps that a resumed run has already done."""
    tokens: int
    """Tokens of the remaining steps, without padding."""
    padded_tokens: int
    """Tokens that the model computes in the remaining steps."""
    seconds: float | None
    """Expected wall-clock time of the remaining steps; None for a run of a few micro-batches."""

    @property
    def padding(self) -> float:
        """Share of padding in the computed tokens."""
        return 1 - self.tokens / self.padded_tokens if self.padded_tokens else 0.0


def plan_of(model: Any, run: TuningRun, recipe: Recipe) -> TuningPlan:
    """Count the remaining tokens and measure the time of some of them.

    Weights, optimizer and random generators do not change.
    """
    remaining = [micro_batches(batch, recipe) for batch in run.batches[run.step :]]
    parts = [part for batch in remaining for part in batch]
    total = padded_tokens(parts)
    seconds = None
    if len(parts) > _FEW_PARTS:
        # Not the longest part, which is the first of its batch, but a typical one.
        measured = remaining[0][len(remaining[0]) // 2]
        shortest = min(measured, key=len)
        _seconds(model, [shortest], recipe)
        seconds = total * _seconds(model, measured, recipe) / padded_tokens([measured])
    return TuningPlan(
        steps=run.steps,
        done=run.step,
        tokens=sum(len(instance) for part in parts for instance in part),
        padded_tokens=total,
        seconds=seconds,
    )


def _seconds(model: Any, part: list[Any], recipe: Recipe) -> float:
    """Wall-clock time of the gradient of one micro-batch, which is then discarded."""
    import torch

    with torch.random.fork_rng():
        started = time.monotonic()
        accumulate_gradient(model, part, recipe, frozenset())
        model.zero_grad(set_to_none=True)
        return time.monotonic() - started
