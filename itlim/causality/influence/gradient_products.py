"""Influence of training instances on a phrase, as products of their gradients.

A small gradient step on the loss of an instance changes log p(phrase) by the step size times the
dot product of the two gradients; if it is positive, the instance makes the phrase more likely.
The cosine does not depend on the lengths of the gradients, so long or poorly learned instances
are not ranked first only because of their size (TracIn at the last checkpoint: Pruthi et al.
2020). Both are first-order estimates at the tuned weights; `leave_out` measures the effect of
retraining without an instance.

The existing libraries do not fit (bergson 2.5.1 and kronfluence 1.0.1 were tried). Both hook only
linear layers and so omit embeddings and norms, which are a fifth of the weights of a small model
with tied embeddings. Both are designed for whole datasets on accelerators and depend on
torchvision; bergson also depends on torchaudio, bitsandbytes and fourteen more packages. Here, one
backward pass per instance is enough.
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
from itlim.text.messages import plural
from itlim.training.encoding import EncodedInstance

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair

FloatArray = npt.NDArray[np.float64]

BLOCK_BYTES = 64 << 20
"""Memory for the gradients of a block of instances; a block has at least one."""
MAX_WIDENED = 1 << 22
"""Numbers converted to float64 at a time when products are summed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Influences:
    """First-order influence of every instance on every span."""

    dots: FloatArray
    """(S, K) in nats² per squared unit of weight; positive if the instance supports the span."""
    cosines: FloatArray
    """(S, K) from −1 to 1; 0 if a gradient is zero."""
    parameters: ParameterChoice
    """The resolved choice, never `auto`."""
    n_parameters: int
    """Number of weights in the gradients."""
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
    block_bytes: int = BLOCK_BYTES,
    max_widened: int = MAX_WIDENED,
) -> Influences:
    """Compare the gradients of spans and instances at the tuned model's weights.

    All gradients of spans are kept in memory; those of instances are processed in blocks.

    Args:
        loaded: pair with the tuned model.
        spans: targets from `span_target`.
        instances: instances encoded as in tuning, see `encode_instances`.
        parameters: weights over which gradients are compared.
        progress: called with the gradients done, their total number, and the remaining time.
        cancelled: called before each gradient; returns True to stop.
        block_bytes: memory for the gradients of instances.
        max_widened: number of float32 values that are widened to float64 at a time.

    Raises:
        InputError, ModelLoadError: see `tuned_parameters`; or there is nothing to compare.
        NonFiniteError: see `GradientReader.gradient`.
        CancelledError: `cancelled` returned True.
    """
    if not spans or not instances:
        raise InputError(
            f"{plural(len(spans), 'span')} and {plural(len(instances), 'instance')} to compare: "
            "expected at least one of each."
        )
    started = time.monotonic()
    with loaded.tuned_model() as model:
        chosen = tuned_parameters(model.model, parameters)
        reader = GradientReader(model, chosen)
        targets = [*spans, *(instance_target(one) for one in instances)]
        gradients = _gradients(reader, targets, progress, cancelled)
        span_block = _block(gradients, len(spans), reader.size)
        block_rows = max(1, block_bytes // (4 * reader.size))
        blocks = []
        for start in range(0, len(instances), block_rows):
            block = _block(gradients, min(block_rows, len(instances) - start), reader.size)
            products = dot_products(span_block, block, max_widened)
            blocks.append((products, row_norms(block, max_widened)))
    dots = np.concatenate([found for found, _ in blocks], axis=1)
    lengths = np.outer(
        row_norms(span_block, max_widened), np.concatenate([found for _, found in blocks])
    )
    cosines = np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)
    return Influences(
        dots=dots,
        # Rounding can put the cosine of a gradient with itself a few 1e-16 above 1.
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
            raise CancelledError(f"Canceled after {place} of {len(targets)} gradients.")
        gradient = reader.gradient(target)
        if progress is not None:
            left = (time.monotonic() - started) * (tokens[-1] / tokens[place] - 1)
            shown = f"{left:.0f}" if left >= 10 else f"{left:.1f}"
            progress(place + 1, len(targets), f"about {shown} s left")
        yield gradient


def _block(gradients: Iterator[torch.Tensor], rows: int, size: int) -> torch.Tensor:
    """Stack the next gradients: (rows, size) float32."""
    block = torch.empty(rows, size)
    for row in range(rows):
        block[row] = next(gradients)
    return block


def dot_products(
    left: torch.Tensor, right: torch.Tensor, max_widened: int = MAX_WIDENED
) -> FloatArray:
    """Dot products of all pairs of rows, computed in float64.

    Args:
        left: (S, n) float32.
        right: (K, n) float32.
        max_widened: number of float32 values that are widened to float64 at a time.

    Returns:
        (S, K).
    """
    total = torch.zeros(len(left), len(right), dtype=torch.float64)
    width = max(1, max_widened // (len(left) + len(right)))
    for start in range(0, left.shape[1], width):
        columns = slice(start, start + width)
        total += left[:, columns].double() @ right[:, columns].double().T
    return total.numpy()


def row_norms(rows: torch.Tensor, max_widened: int = MAX_WIDENED) -> FloatArray:
    """(K,) Euclidean norms of (K, n) rows, summed in float64; see `dot_products`."""
    squares = [float(dot_products(row[None], row[None], max_widened)[0, 0]) for row in rows]
    return np.sqrt(np.array(squares))
