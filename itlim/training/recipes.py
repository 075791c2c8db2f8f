"""Tuning recipes: the settings of the paper, those of the demo family, and the learning rate.

LFT and SFT are used in the paper's narrower sense: fine-tuning of a LoRA adapter and of all
parameters, respectively, on the same instances.
"""

import math
from dataclasses import dataclass, replace

from itlim.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All settings of a tuning run except the model, the instances and the seed."""

    name: str
    learning_rate: float = 5e-5
    """Peak of the schedule (paper, section 2: 5e-5)."""
    epochs: int = 3
    """Paper, section 2."""
    batch_size: int = 32
    """Instances per step (paper, section 2, effective batch)."""
    micro_batch_size: int = 32
    """Instances in memory at once; gradients are accumulated up to `batch_size`."""
    warmup_share: float = 0.03
    """Share of all steps, followed by half a cosine down to 0 (Taori et al. 2023; not stated in
    the paper)."""
    weight_decay: float = 0.0
    gradient_norm: float = 1.0
    """Gradients with a larger norm are scaled down to it."""
    max_tokens: int = 1024
    """Maximum length of prompt and response together; longer instances are an error."""
    adapter_rank: int | None = None
    """Rank of the LoRA matrices; None tunes all parameters (paper, section 2: 8)."""
    adapter_alpha: int = 16
    """LoRA's scale is alpha / rank. The paper does not state alpha; twice the rank is common."""
    noise_alpha: float | None = None
    """NEFTune's alpha (Jain et al. 2023, arXiv:2310.05914); None adds no noise."""

    def __post_init__(self) -> None:
        for field in ("learning_rate", "epochs", "batch_size", "micro_batch_size", "max_tokens"):
            if getattr(self, field) <= 0:
                raise InputError(f"{field} is {getattr(self, field)}: expected more than 0.")
        if self.adapter_rank is not None and self.adapter_rank < 1:
            raise InputError(f"adapter_rank is {self.adapter_rank}: expected at least 1.")


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="lft", adapter_rank=8),
        Recipe(name="sft"),
        Recipe(name="neftune", noise_alpha=5.0),
    )
}
"""The settings of the paper. NEFTune is full-parameter tuning with noise of alpha 5."""


def recipe_named(name: str, *, learning_rate: float | None = None) -> Recipe:
    """Look up a recipe and, if given, replace its learning rate."""
    if name not in RECIPES:
        raise InputError(f"Unknown recipe {name!r}: expected one of {', '.join(RECIPES)}.")
    recipe = RECIPES[name]
    return recipe if learning_rate is None else replace(recipe, learning_rate=learning_rate)


def cosine_rate(
    step: int, steps: int, *, peak: float, warmup_share: float, final_share: float
) -> float:
    """Learning rate of a 0-based step: linear warm-up, then half a cosine.

    >>> [round(cosine_rate(s, 10, peak=1.0, warmup_share=0.2, final_share=0.0), 3)
    ...  for s in (0, 1, 2, 6)]
    [0.5, 1.0, 1.0, 0.5]
    """
    warmup = max(1, int(steps * warmup_share))
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (final_share + (1 - final_share) * 0.5 * (1 + math.cos(math.pi * progress)))
