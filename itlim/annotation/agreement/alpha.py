"""How far ratings agree: Krippendorff's α, Gwet's AC1, percent agreement, and their intervals.

A layer of marks is binary: whether an annotator marked a token. Tokens of a response that somebody
was not assigned are missing, never 0: counting them as 0 would make annotators of different
responses look as if they disagreed about everything.

What is undefined is None, never 0 or 1: without a single mark there is no agreement to speak of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np

from itlim.errors import InputError, ShapeError
from itlim.records import FloatArray
from itlim.statistics.intervals import bootstrap_interval_of_sums

Ratings = Sequence[Sequence[str | None]]
"""One sequence an annotator, one place a unit; None where missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaSums:
    """What α of binary ratings needs of one response; sums over responses add up."""

    disagreement: float
    """Σ over tokens of n₀ n₁ / (m − 1)."""
    zeros: float
    """N₀: ratings of 0 at tokens that two or more rated."""
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
            raise InputError("Ratings of a layer are 0, 1 or missing (nan); received others.")
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
        At most 1; None where all ratings are alike or nothing was rated twice.

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

    Over tokens it would be half as wide as it should be: tokens of a response depend on each
    other.

    Args:
        sums: one per response that two or more rated.
        n_resamples: draws of as many responses as there are.
        seed: of the draws; the same sums and seed give the same interval.

    Returns:
        None where α, or too many of its resamples, are undefined, or where there are fewer than
        two responses.
    """
    if alpha(sums) is None:
        return None
    return bootstrap_interval_of_sums(_table(sums), _alphas, resamples=n_resamples, seed=seed)


def _table(sums: Sequence[AlphaSums]) -> FloatArray:
    """(responses, 3) disagreement, N₀, N₁."""
    rows = [(one.disagreement, one.zeros, one.ones) for one in sums]
    return np.array(rows, np.float64).reshape(-1, 3)


def _alphas(table: FloatArray) -> FloatArray:
    """α of each row of a table, (rows,); nan where all ratings are alike."""
    disagreement, zeros, ones = table.T
    product = np.where(zeros * ones > 0, zeros * ones, np.nan)
    return 1 - (zeros + ones - 1) * disagreement / product


def nominal_alpha(ratings: Ratings) -> float | None:
    """Nominal α of any categories.

    Returns:
        None where fewer than two categories were given to units that two or more rated.

    Source: as for `alpha`.

    >>> round(nominal_alpha([["yes", "no", "yes", "unsure"], ["yes", "no", "no", None]]), 4)
    0.4444
    """
    counts = _paired(_counts(ratings))
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def gwet_ac1(ratings: Ratings, *, categories: Sequence[str]) -> float | None:
    """Gwet's AC1, which stays sensible where one category prevails.

    AC1 = (p_a − p_e) / (1 − p_e), p_e = Σ π_k (1 − π_k) / (q − 1). p_a is over units that two
    or more rated, the shares π over units that anybody rated.

    Args:
        ratings: who called which unit what.
        categories: the q ≥ 2 of the scale, used or not: what raters might have said.

    Returns:
        None where no unit was rated twice; 1 where all always gave the one same category.

    Raises:
        InputError: fewer than two categories, or a rating outside them.

    Source: Gwet 2008 (doi:10.1348/000711006X126600); missing ratings as in Gwet 2014.

    >>> round(gwet_ac1([["yes"] * 9 + ["no"], ["yes"] * 10], categories=["yes", "no"]), 4)
    0.8895
    """
    if len(set(categories)) < 2:
        raise InputError(f"AC1 needs a scale of two or more categories; received {categories!r}.")
    counts = _counts(ratings, categories)
    paired = _paired(counts)
    if not len(paired):
        return None
    rated = counts[counts.sum(axis=1) >= 1]
    shares = (rated / rated.sum(axis=1, keepdims=True)).mean(axis=0)
    chance = float(np.sum(shares * (1 - shares)) / (counts.shape[1] - 1))
    return (_mean_agreement(paired) - chance) / (1 - chance)


def percent_agreement(ratings: Ratings) -> float | None:
    """Share of the pairs of ratings of a unit that agree, averaged over units, in [0, 1].

    Returns:
        None where no unit was rated twice.
    """
    paired = _paired(_counts(ratings))
    return _mean_agreement(paired) if len(paired) else None


def _paired(counts: FloatArray) -> FloatArray:
    return counts[counts.sum(axis=1) >= 2]


def _mean_agreement(counts: FloatArray) -> float:
    raters = counts.sum(axis=1)
    return float(np.mean((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))))


def _counts(ratings: Ratings, categories: Sequence[str] = ()) -> FloatArray:
    """(units, categories) how many gave each category; without `categories`, those given."""
    n_units = {len(row) for row in ratings} or {0}
    if len(n_units) > 1:
        raise ShapeError(f"Annotators have {sorted(n_units)} places: expected one a unit for all.")
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
