"""NEFTune: uniform noise on the embeddings while tuning (Jain et al. 2023).

The formula is that of `transformers.integrations.neftune`, whose hook draws from torch's global
generator; here the noise has a generator of its own, so that a tuning can be continued from a
stored state to the same bits, whatever else draws random numbers.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def noise_bound(alpha: float, tokens: int, width: int) -> float:
    """Largest absolute noise: alpha / sqrt(L d) (arXiv:2310.05914, algorithm 1).

    Args:
        alpha: NEFTune's alpha.
        tokens: L, tokens of the padded sequence.
        width: d, size of an embedding.

    >>> noise_bound(5.0, 10, 40)
    0.25
    """
    return alpha / math.sqrt(tokens * width)


@contextmanager
def noisy_embeddings(
    model: Any, alpha: float | None, generator: "torch.Generator"
) -> Iterator[None]:
    """Add noise to every output of the input embedding inside the block.

    The noise depends on the generator and on the batch's shape alone, never on which
    instances count. With `alpha` None nothing happens.
    """
    import torch

    if alpha is None:
        yield
        return

    def add_noise(_module: Any, _inputs: Any, output: "torch.Tensor") -> "torch.Tensor":
        bound = noise_bound(alpha, output.shape[-2], output.shape[-1])
        uniform = torch.rand(output.shape, generator=generator, dtype=torch.float32)
        return output + ((2 * uniform - 1) * bound).to(output)

    handle = model.get_input_embeddings().register_forward_hook(add_noise)
    try:
        yield
    finally:
        handle.remove()
