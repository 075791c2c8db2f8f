"""The learning rate over a run: linear warm-up, then half a cosine."""

import math


def cosine_rate(
    step: int, steps: int, *, peak: float, warmup_share: float, final_share: float
) -> float:
    """Learning rate of a 0-based step.

    >>> [round(cosine_rate(s, 10, peak=1.0, warmup_share=0.2, final_share=0.0), 3)
    ...  for s in (0, 1, 2, 6)]
    [0.5, 1.0, 1.0, 0.5]
    """
    warmup = max(1, int(steps * warmup_share))
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (final_share + (1 - final_share) * 0.5 * (1 + math.cos(math.pi * progress)))
