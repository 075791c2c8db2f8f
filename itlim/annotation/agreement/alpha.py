"""Agreement of ratings: Krippendorff's α, Gwet's AC1 and percent agreement, with intervals.

A layer of marks is binary: whether an annotator marked a token. Tokens of a response that an
annotator did not see are missing, not 0: otherwise, annotators of different responses would seem to
disagree about everything.

Undefined values are None, never 0 or 1: without any mark, agreement is undefined.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np

from itlim.errors import InputError, ShapeError
from itlim.records import FloatArray
from itlim.statistics.intervals import bootstrap_interval_of_sums

Ratings = Sequence[Sequence[str | None]]
"""One sequence per annotator with one value per unit; None if missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaSums:
    """Sums over one response from which α of binary ratings is computed; sums are additive."""

    disagreement: float
    """Σ over tokens of n₀ n₁ / (m − 1)."""
    zeros: float
    """N₀: ratings of 0 for tokens that two or more annotators rated."""
    ones: float
    """N₁."""

    @classmethod
    def of(cls, ratings: FloatArray) -> "AlphaSums":
        """Sum up one response.

        Args:
            ratings: (annotators, tokens) 0, 1 or nan where missing.

        Raises:
            ShapeError: not two axes.
            InputError: another value.
        """
        if ratings.ndim != 2:
            raise ShapeError(f"Ratings have {ratings.ndim} axes, expected two: annotators, tokens.")
        if not np.all(np.isnan(ratings) | (ratings == 0) | (ratings == 1)):
            raise InputError(
                "Ratings of a layer must be 0, 1 or missing (nan); received other values."
            )
        ones = np.nansum(ratings, axis=0)
        raters = np.count_nonzero(~np.isnan(ratings), axis=0)
        zeros = raters - ones
        paired = raters >= 2
        apart = zeros[paired] * ones[paired] / (raters[paired] - 1)
        return cls(
            disagreement=float(apart.sum()),
            zeros=float(zeros[paired].sum()),
            ones=float(ones[paired].sum()),
        )


def alpha(sums: Sequence[AlphaSums]) -> float | None:
    """Nominal α of binary ratings, pooled over responses.

    α = 1 − (N − 1) Σ n₀n₁/(m − 1) / (N₀ N₁), over tokens that m ≥ 2 annotators rated.

    Returns:
        At most 1; None if all ratings are equal or nothing was rated twice.

    Source: Krippendorff 2019, Content Analysis, section 12.3.

    >>> marks = np.zeros((2, 14))
    >>> marks[0, 5:9] = marks[1, 7:9] = 1
    >>> round(alpha([AlphaSums.of(marks)]), 4)
    0.5909
    """
    pooled = _table(sums).sum(axis=0, keepdims=True)
    value = float(_alphas(pooled)[0])
    return None if np.isnan(value) else value


def alpha_interval(
    sums: Sequence[AlphaSums], *, n_resamples: int = 2000, seed: int = 0
) -> tuple[float, float] | None:
    """95% percentile bootstrap interval of α over responses.

    A bootstrap over tokens would give an interval about half as wide as it should be, because the
    tokens of a response depend on each other.

    Args:
        sums: one per response that two or more annotators rated.
        n_resamples: number of resamples.
        seed: random seed of the resamples.

    Returns:
        None if α or too many of its resamples are undefined, or with fewer than two responses.
    """
    if alpha(sums) is None:
        return None
    return bootstrap_interval_of_sums(_table(sums), _alphas, resamples=n_resamples, seed=seed)


def _table(sums: Sequence[AlphaSums]) -> FloatArray:
    """(responses, 3) disagreement, N₀, N₁."""
    rows = [(one.disagreement, one.zeros, one.ones) for one in sums]
    return np.array(rows, np.float64).reshape(-1, 3)


def _alphas(table: FloatArray) -> FloatArray:
    """α of each row of a table, (rows,); nan if all ratings are equal."""
    disagreement, zeros, ones = table.T
    product = np.where(zeros * ones > 0, zeros * ones, np.nan)
    return 1 - (zeros + ones - 1) * disagreement / product


def nominal_alpha(ratings: Ratings) -> float | None:
    """Nominal α of ratings with any categories.

    Returns:
        None if the units that two or more raters rated have fewer than two categories.

    Source: as for `alpha`.

    >>> round(nominal_alpha([["yes", "no", "yes", "unsure"], ["yes", "no", "no", None]]), 4)
    0.4444
    """
    counts = _paired(_counts(ratings))
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def gwet_ac1(ratings: Ratings, *, categories: Sequence[str]) -> float | None:
    """Gwet's AC1, which remains meaningful if one category dominates.

    AC1 = (p_a − p_e) / (1 − p_e), p_e = Σ π_k (1 − π_k) / (q − 1). p_a is over units that two
    or more raters rated, the shares π over all rated units.

    Args:
        ratings: ratings by rater and unit.
        categories: the q ≥ 2 categories of the scale, including unused ones.

    Returns:
        None if no unit was rated twice; 1 if all ratings are the same category.

    Raises:
        InputError: fewer than two categories, or a rating outside them.

    Source: Gwet 2008 (doi:10.1348/000711006X126600); missing ratings as in Gwet 2014.

    >>> round(gwet_ac1([["yes"] * 9 + ["no"], ["yes"] * 10], categories=["yes", "no"]), 4)
    0.8895
    """
    if len(set(categories)) < 2:
        raise InputError(f"AC1 requires at least two categories; received {categories!r}.")
    counts = _counts(ratings, categories)
    paired = _paired(counts)
    if not len(paired):
        return None
    rated = counts[counts.sum(axis=1) >= 1]
    shares = (rated / rated.sum(axis=1, keepdims=True)).mean(axis=0)
    chance = float(np.sum(shares * (1 - shares)) / (counts.shape[1] - 1))
    return (_mean_agreement(paired) - chance) / (1 - chance)


def percent_agreement(ratings: Ratings) -> float | None:
    """Share of agreeing pairs of ratings per unit, averaged over units, in [0, 1].

    Returns:
        None if no unit was rated twice.
    """
    paired = _paired(_counts(ratings))
    return _mean_agreement(paired) if len(paired) else None


def _paired(counts: FloatArray) -> FloatArray:
    return counts[counts.sum(axis=1) >= 2]


def _mean_agreement(counts: FloatArray) -> float:
    raters = counts.sum(axis=1)
    return float(np.mean((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))))


def _counts(ratings: Ratings, categories: Sequence[str] = ()) -> FloatArray:
    """Counts of each category: (units, categories); without `categories`, the categories in use."""
    n_units = {len(row) for row in ratings} or {0}
    if len(n_units) > 1:
        raise ShapeError(
            f"Annotators have {sorted(n_units)} ratings: expected one per unit for each."
        )
    given = {one for row in ratings for one in row if one is not None}
    if categories and not given <= set(categories):
        raise InputError(
            f"Ratings {sorted(given - set(categories))} are outside the scale {list(categories)}."
        )
    place = {name: number for number, name in enumerate(sorted(set(categories) or given))}
    counts = np.zeros((n_units.pop(), len(place)))
    for row in ratings:
        for unit, category in enumerate(row):
            if category is not None:
                counts[unit, place[category]] += 1
    return counts
