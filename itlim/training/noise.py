"""NEFTune: uniform noise on the embeddings during tuning (Jain et al. 2023).

On the CPU in float32, the noise is bit for bit that of `transformers.integrations.neftune`, which
the `neftune_noise_alpha` of transformers' Trainer activates. That hook is not used, because it
draws from torch's global generator: here the noise has a generator of its own, so a run that
resumes from a stored state is bitwise equal even if other code draws random numbers. It is drawn on
the CPU in float32 for every device and precision, so a seed gives the same noise on a GPU.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def noise_bound(alpha: float, tokens: int, width: int) -> float:
    """Largest absolute noise: alpha / sqrt(L d) (arXiv:2310.05914, algorithm 1).

    Computed in float32, as transformers does.

    Args:
        alpha: NEFTune's alpha.
        tokens: L, number of tokens of the padded sequence.
        width: d, size of an embedding.

    >>> noise_bound(5.0, 10, 40)
    0.25
    """
    import torch

    return float(alpha / torch.sqrt(torch.tensor(tokens * width)))


@contextmanager
def noisy_embeddings(
    model: Any, alpha: float | None, generator: "torch.Generator"
) -> Iterator[None]:
    """Add noise to every output of the input embedding within the context.

    The noise depends only on the generator and the shape of the batch, not on the instances.
    If `alpha` is None, no noise is added.
    """
    import torch

    if alpha is None:
        yield
        return

    def add_noise(_module: Any, _inputs: Any, output: "torch.Tensor") -> "torch.Tensor":
        bound = noise_bound(alpha, output.shape[-2], output.shape[-1])
        noise = torch.zeros(output.shape, dtype=torch.float32)
        return output + noise.uniform_(-bound, bound, generator=generator).to(output)

    handle = model.get_input_embeddings().register_forward_hook(add_noise)
    try:
        yield
    finally:
        handle.remove()
