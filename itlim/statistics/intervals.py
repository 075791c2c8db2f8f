"""Confidence intervals: bootstrap over responses, and Wilson for shares."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from itlim.errors import InputError
from itlim.records import FloatArray

Response = TypeVar("Response")

MAX_UNDEFINED_RESAMPLES = 0.05
"""Largest share of resamples with an undefined statistic. Above it, no interval is given, because
quantiles of the rest would describe only the resamples in which the statistic is defined."""


def mean(values: Sequence[float]) -> float:
    """Mean of at least one value, the most common statistic to resample.

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

    Tokens of one response are not independent, so whole responses are drawn. The draws equal
    those of `scipy.stats.bootstrap` with the same seed. scipy itself accepts only arrays of
    numbers, and its interval is undefined if any resample is.

    Args:
        responses: one item per response, of any type that `statistic` accepts.
        statistic: computes the estimate from some responses; returns None if undefined.
        level: share of resamples inside the interval.
        resamples: number of resamples.
        seed: seed of the draws.

    Returns:
        Lower and upper bound; None for fewer than two responses, or if the share of undefined
        resamples exceeds `MAX_UNDEFINED_RESAMPLES`.

    Raises:
        InputError: `level` is outside (0, 1).

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
    """Bootstrap interval of a statistic of sums over responses, vectorized over resamples.

    Draws how often each response occurs instead of which ones occur. The distribution equals that
    of `bootstrap_interval`, without gathering responses.

    Args:
        sums: (responses, terms) contribution of each response.
        statistic: (resamples, terms) → (resamples,); nan where undefined.
        level: share of resamples inside the interval.
        resamples: number of resamples.
        seed: seed of the draws.

    Returns:
        See `bootstrap_interval`.

    Raises:
        InputError: `level` is outside (0, 1).

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


def share_interval(sums: FloatArray) -> tuple[float, float] | None:
    """95% interval of a share, Σ hits / Σ units, over clusters of units.

    The bootstrap, except where all units or none are hits: each resample repeats that share, and an
    interval without width would claim certainty. There it is Wilson's interval with each cluster as
    one draw, which is the wider, the fewer clusters there are.

    Args:
        sums: (clusters, 2) hits and units of each cluster; 0 ≤ hits ≤ units, and units > 0.

    Returns:
        Lower and upper bound; None for fewer than two clusters.

    >>> low, high = share_interval(np.array([[0.0, 8.0]] * 4))
    >>> low, round(high, 4)
    (0.0, 0.4899)
    """
    n = len(sums)
    hits, units = sums[:, 0], sums[:, 1]
    if n >= 2 and ((hits == 0).all() or (hits == units).all()):
        return wilson_interval(n if hits.any() else 0, n)
    return bootstrap_interval_of_sums(sums, ratio_of_sums)


def ratio_of_sums(sums: FloatArray) -> FloatArray:
    """The first of two terms divided by the second, (n, 2) → (n,)."""
    return np.asarray(sums[:, 0] / sums[:, 1])


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"The level is {level}: expected a share between 0 and 1, such as 0.95.")


def _percentile_interval(estimates: FloatArray, level: float) -> tuple[float, float] | None:
    """Quantiles of the defined estimates; None if too many are nan."""
    undefined = np.isnan(estimates)
    if np.mean(undefined) > MAX_UNDEFINED_RESAMPLES:
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(estimates[~undefined], [tail, 1 - tail])
    return float(low), float(high)


_Z_95 = 1.959963984540054


def wilson_interval(count: float, n: int) -> tuple[float, float] | None:
    """95% Wilson interval of a share.

    `scipy.stats.binomtest` gives the same interval but accepts only integer counts.

    Args:
        count: number of hits; fractional if several ratings of one draw are averaged.
        n: number of independent draws.

    Returns:
        Lower and upper bound; None if n is 0.

    Raises:
        InputError: `count` is outside 0 … n.

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
    # At the ends the formula gives 0 and 1, except for rounding.
    return (0.0 if count == 0 else middle - half), (1.0 if count == n else middle + half)
