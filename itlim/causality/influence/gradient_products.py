"""Influence of training instances on a phrase: do their gradients pull the same way?

A small step down the loss of an instance changes log p(phrase) by the step times the dot
product of the two gradients: above 0, the instance makes the phrase likelier. The cosine
says the same whatever the gradients' lengths, so that long or badly learnt instances do
not come first by their size alone (TracIn at the last checkpoint: Pruthi et al. 2020).
It is an estimate to first order at the tuned weights. What retraining without an instance
does, `leave_out` measures.

Own code, because the libraries that do this did not fit (looked at: bergson 2.5.1 and
kronfluence 1.0.1): both hook linear layers alone, so that embeddings and norms, a fifth
of a small model with tied embeddings, are left out; both are made for whole datasets on
accelerators, and pull in torchvision, bergson also torchaudio, bitsandbytes and fourteen
more packages. What is needed here is one backward an instance.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from itlim.causality.influence.gradients import GradientReader, Target, instance_target
from itlim.causality.influence.parameters import ParameterChoice, tuned_parameters
from itlim.errors import CancelledError, InputError
from itlim.progress import Cancelled, StepProgress
from itlim.training.encoding import EncodedInstance

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair

FloatArray = npt.NDArray[np.float64]

_BLOCK_BYTES = 64 << 20
"""Instances' gradients held at a time; always at least one."""
_WIDENED = 1 << 22
"""Numbers widened to float64 at a time when products are summed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Influences:
    """What every instance does to every span, to first order."""

    dots: FloatArray
    """(S, K) squared nats a squared unit of weight; above 0: the instance supports the span."""
    cosines: FloatArray
    """(S, K) from −1 to 1; 0 where a gradient vanishes."""
    parameters: ParameterChoice
    """Never `auto`."""
    n_parameters: int
    """Weights that gradients were taken of."""
    seconds: float
    """Wall-clock time."""


def influences(
    loaded: "LoadedPair",
    spans: Sequence[Target],
    instances: Sequence[EncodedInstance],
    *,
    parameters: ParameterChoice = ParameterChoice.AUTO,
    progress: StepProgress | None = None,
    cancelled: Cancelled | None = None,
) -> Influences:
    """Compare the gradients of spans and instances at the tuned model's weights.

    The spans' gradients stay in memory, the instances' pass through one after the other.

    Args:
        loaded: its tuned model is asked.
        spans: from `span_target`.
        instances: encoded as in tuning, see `encode_instances`.
        parameters: over which weights.
        progress: called with gradients done, gradients in all, and the time that is left.
        cancelled: asked before each gradient.

    Raises:
        InputError, ModelLoadError: see `tuned_parameters`; or nothing to compare.
        NonFiniteError: see `GradientReader.gradient`.
        CancelledError: `cancelled` said so.
    """
    if not spans or not instances:
        raise InputError(
            f"{len(spans)} spans and {len(instances)} instances: expected at least one of each."
        )
    started = time.monotonic()
    with loaded.tuned_model() as model:
        chosen = tuned_parameters(model.model, parameters)
        reader = GradientReader(model, chosen)
        targets = [*spans, *(instance_target(one) for one in instances)]
        gradients = _gradients(reader, targets, progress, cancelled)
        asked = _block(gradients, len(spans), reader.size)
        held = max(1, _BLOCK_BYTES // (4 * reader.size))
        blocks = []
        for start in range(0, len(instances), held):
            block = _block(gradients, min(held, len(instances) - start), reader.size)
            blocks.append((_products(asked, block), _lengths(block)))
    dots = np.concatenate([products for products, _ in blocks], axis=1)
    lengths = np.outer(_lengths(asked), np.concatenate([found for _, found in blocks]))
    cosines = np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)
    return Influences(
        dots=dots,
        # Rounding may carry a gradient's cosine with itself a few 1e-16 beyond 1.
        cosines=cosines.clip(-1.0, 1.0),
        parameters=chosen.choice,
        n_parameters=chosen.count,
        seconds=time.monotonic() - started,
    )


def _gradients(
    reader: GradientReader,
    targets: Sequence[Target],
    progress: StepProgress | None,
    cancelled: Cancelled | None,
) -> Iterator[torch.Tensor]:
    started = time.monotonic()
    tokens = np.cumsum([len(target.input_ids) for target in targets])
    for place, target in enumerate(targets):
        if cancelled is not None and cancelled():
            raise CancelledError(
                f"Stopped after {place} of {len(targets)} gradients (one is the span's)."
            )
        gradient = reader.gradient(target)
        if progress is not None:
            left = (time.monotonic() - started) * (tokens[-1] / tokens[place] - 1)
            shown = f"{left:.0f}" if left >= 10 else f"{left:.1f}"
            progress(place + 1, len(targets), f"about {shown} s left")
        yield gradient


def _block(gradients: Iterator[torch.Tensor], rows: int, size: int) -> torch.Tensor:
    """The next gradients below one another: (rows, size) float32."""
    block = torch.empty(rows, size)
    for row in range(rows):
        block[row] = next(gradients)
    return block


def _products(left: torch.Tensor, right: torch.Tensor) -> FloatArray:
    """All dot products of rows: (S, K) float64, each product and sum in float64."""
    total = torch.zeros(len(left), len(right), dtype=torch.float64)
    width = max(1, _WIDENED // (len(left) + len(right)))
    for start in range(0, left.shape[1], width):
        columns = slice(start, start + width)
        total += left[:, columns].double() @ right[:, columns].double().T
    return total.numpy()


def _lengths(rows: torch.Tensor) -> FloatArray:
    """(K,) Euclidean norms, summed in float64."""
    squares = [float(_products(row[None], row[None])[0, 0]) for row in rows]
    return np.sqrt(np.array(squares))
