"""Intervals of estimates: bootstrap over responses, Wilson for a share."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from itlim.errors import InputError
from itlim.records import FloatArray

Response = TypeVar("Response")

MAX_UNDEFINED_RESAMPLES = 0.05
"""Share of resamples in which the statistic may be undefined; above it there is no interval:
quantiles of the others would describe only the resamples that happen to define it."""


def mean(values: Sequence[float]) -> float:
    """The commonest statistic to resample; of at least one value.

    >>> mean([True, False, True, True])
    0.75
    """
    return float(np.mean(values))


def bootstrap_interval(
    responses: Sequence[Response],
    statistic: Callable[[Sequence[Response]], float | None],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of a statistic, resampling whole responses.

    Tokens of one response depend on each other, so responses are drawn, not tokens. The draws
    are those of `scipy.stats.bootstrap` for the same seed; scipy itself takes arrays of numbers
    only, and one undefined resample makes its interval undefined.

    Args:
        responses: one item per response; whatever `statistic` reads.
        statistic: the estimate from some responses; None where undefined.
        level: share of resamples inside the interval.
        resamples: how many to draw.
        seed: of the draws.

    Returns:
        Lower and upper bound; None for fewer than two responses, or where the statistic is
        undefined in more than `MAX_UNDEFINED_RESAMPLES`.

    Raises:
        InputError: a level outside (0, 1).

    >>> bootstrap_interval([1.0, 1.0, 1.0], lambda drawn: sum(drawn) / len(drawn))
    (1.0, 1.0)
    """
    _check_level(level)
    if len(responses) < 2:
        return None
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(responses), (resamples, len(responses)))
    estimates = [statistic([responses[place] for place in draw]) for draw in draws.tolist()]
    return _percentile_interval(np.array(estimates, np.float64), level)


def bootstrap_interval_of_sums(
    sums: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """The interval of a statistic that needs only sums over responses, for all resamples at once.

    Draws how often each response occurs instead of which ones: the same distribution as in
    `bootstrap_interval`, without gathering responses.

    Args:
        sums: (responses, terms) what each response adds.
        statistic: (resamples, terms) → (resamples,); nan where undefined.
        level: share of resamples inside the interval.
        resamples: how many to draw.
        seed: of the draws.

    Returns:
        As `bootstrap_interval`.

    Raises:
        InputError: a level outside (0, 1).

    >>> ratio = lambda drawn: drawn[:, 0] / drawn[:, 1]
    >>> bootstrap_interval_of_sums(np.array([[2.0, 4.0]] * 3), ratio)
    (0.5, 0.5)
    """
    _check_level(level)
    n = len(sums)
    if n < 2:
        return None
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    return _percentile_interval(statistic(times @ sums), level)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"The level is {level}: expected a share between 0 and 1, such as 0.95.")


def _percentile_interval(estimates: FloatArray, level: float) -> tuple[float, float] | None:
    """Quantiles of the defined estimates; None where too many are nan."""
    undefined = np.isnan(estimates)
    if np.mean(undefined) > MAX_UNDEFINED_RESAMPLES:
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(estimates[~undefined], [tail, 1 - tail])
    return float(low), float(high)


_Z_95 = 1.959963984540054


def wilson_interval(count: float, n: int) -> tuple[float, float] | None:
    """95% interval of a share.

    `scipy.stats.binomtest` gives the same for whole counts and refuses others.

    Args:
        count: hits; not whole where several ratings of one draw are averaged.
        n: independent draws.

    Returns:
        None where n is 0.

    Raises:
        InputError: a count outside 0 … n.

    Source: Wilson 1927 (doi:10.1080/01621459.1927.10502953).

    >>> [round(edge, 4) for edge in wilson_interval(1, 10)]
    [0.0179, 0.4042]
    """
    if not 0 <= count <= n:
        raise InputError(f"A share of {count} in {n}: expected 0 ≤ count ≤ n.")
    if n == 0:
        return None
    share, z2 = count / n, _Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    # At the ends the formula gives 0 and 1 but for rounding.
    return (0.0 if count == 0 else middle - half), (1.0 if count == n else middle + half)
