"""Tuning recipes: the settings of the paper, those of the demo family, and the learning rate.

LFT and SFT are used in the paper's narrower sense: fine-tuning of a LoRA adapter and of all
parameters, respectively, on the same instances.
"""

import math
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from itlim.errors import InputError

MICRO_BATCH_TOKENS = 1024
"""Default of the command line: full tuning of 135M parameters then needs at most 5 GB."""
DTYPES = ("float32", "bfloat16")


class TooLong(StrEnum):
    """What becomes of an instance with more than `max_tokens` tokens."""

    REJECT = "reject"
    """An error that counts all of them."""
    OMIT = "omit"
    TRUNCATE = "truncate"
    """The response is cut and gets no end-of-sequence token."""


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
    micro_batch_tokens: int | None = None
    """Tokens in memory at once, with padding. Each batch is then split by length, and only the
    labeled positions get logits; the gradient is the same up to rounding. None splits into
    `micro_batch_size` instances in their order, as before this setting existed."""
    warmup_share: float = 0.03
    """Share of all steps, followed by half a cosine down to 0 (Taori et al. 2023; not stated in
    the paper)."""
    weight_decay: float = 0.0
    gradient_norm: float = 1.0
    """Gradients with a larger norm are scaled down to it."""
    max_tokens: int = 1024
    """Maximum length of prompt and response together; see `too_long`."""
    too_long: str = TooLong.REJECT
    """A value of `TooLong`."""
    dtype: str = "float32"
    """Of the matrix products. bfloat16 keeps tuned weights and the optimizer in float32, because
    small updates would be rounded away; the frozen base of an adapter is loaded in bfloat16."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: less memory, about
    a third more time, the same gradient."""
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
        if self.micro_batch_tokens is not None and self.micro_batch_tokens < 1:
            raise InputError(
                f"micro_batch_tokens is {self.micro_batch_tokens}: expected at least 1."
            )
        if self.noise_alpha is not None and not 0 < self.noise_alpha < math.inf:
            raise InputError(f"noise_alpha is {self.noise_alpha}: expected more than 0, such as 5.")
        for field, expected in (("dtype", DTYPES), ("too_long", tuple(TooLong))):
            if getattr(self, field) not in expected:
                raise InputError(
                    f"{field} is {getattr(self, field)!r}: expected {' or '.join(expected)}."
                )

    def identity(self) -> dict[str, Any]:
        """The settings for content hashes.

        Later settings are included only if they differ from their default, which is what older
        recipes did. So ids that were made before these settings existed stay valid.
        """
        unchanged = {name for name in _LATER if getattr(self, name) == getattr(_BEFORE, name)}
        return {name: value for name, value in asdict(self).items() if name not in unchanged}


_LATER = ("micro_batch_tokens", "too_long", "dtype", "gradient_checkpointing")
_BEFORE = Recipe(name="before")


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="lft", adapter_rank=8),
        Recipe(name="sft"),
        Recipe(name="neftune", noise_alpha=5.0),
    )
}
"""The settings of the paper. NEFTune is full-parameter tuning with noise of alpha 5."""


def recipe_named(
    name: str, *, learning_rate: float | None = None, rank: int | None = None
) -> Recipe:
    """Look up a recipe and, if given, replace its learning rate and the rank of its adapter.

    LoRA's scale stays that of the named recipe: alpha is twice the rank.

    Raises:
        InputError: there is no such recipe, or it has no adapter but a rank is given.
    """
    if name not in RECIPES:
        raise InputError(f"Unknown recipe {name!r}: expected one of {', '.join(RECIPES)}.")
    recipe = RECIPES[name]
    if rank is not None:
        if recipe.adapter_rank is None:
            raise InputError(
                f"{name} tunes all parameters and has no adapter rank: omit the rank, or use lft."
            )
        recipe = replace(recipe, adapter_rank=rank, adapter_alpha=2 * rank)
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
