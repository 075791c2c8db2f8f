"""Intervals of κ and α of two raters: both formulas for many tables of counts at once.

`judge_scores.agreement` has the values, from statsmodels and krippendorff. Their functions take one
table at a time, which is too slow for a bootstrap; tests compare the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from itlim.errors import InputError
from itlim.findings.estimates import clustered
from itlim.records import FloatArray
from itlim.remedies.judge_scores import agreement
from itlim.statistics.intervals import bootstrap_interval_of_sums


class Formula(Protocol):
    """A coefficient of each of many tables of counts."""

    def __call__(self, tables: FloatArray, *, ordinal: bool) -> FloatArray: ...


MIN_INSTRUCTIONS = 10
"""Number of instructions below which no interval is given: resamples of few are alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedTwice:
    """What two raters say about one answer."""

    run_id: str
    instruction: str
    first: int
    second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """A coefficient of agreement with its 95% bootstrap interval over instructions."""

    value: float | None
    """None if it is undefined: there is no answer, or all have the same value."""
    low: float | None = None
    """None also with fewer than `MIN_INSTRUCTIONS` instructions."""
    high: float | None = None


def kappa_of(tables: FloatArray, *, ordinal: bool) -> FloatArray:
    """Cohen's κ of each table, nan where undefined; ordinal values have squared weights.

    Args:
        tables: (tables, values, values) counts; rows are the first rater's values, equally spaced.
        ordinal: whether the values are ordered.

    >>> kappa_of(np.array([[[20.0, 5.0], [10.0, 15.0]]]), ordinal=False).round(6).tolist()
    [0.4]
    """
    places = np.arange(tables.shape[1])
    apart = np.abs(places[:, None] - places[None, :]).astype(float)
    apart = apart**2 if ordinal else (apart > 0).astype(float)
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    expected = np.einsum("ti,tj,ij->t", rows, columns, apart) / rows.sum(axis=1)
    return _beyond_chance(np.einsum("tij,ij->t", tables, apart), expected)


def alpha_of(tables: FloatArray, *, ordinal: bool) -> FloatArray:
    """Krippendorff's α of each table, nan where undefined; arguments as for `kappa_of`.

    Ordinal distances are squared differences of midranks, which depend on the counts.

    >>> alpha_of(np.array([[[20.0, 5.0], [10.0, 15.0]]]), ordinal=False).round(6).tolist()
    [0.4]
    """
    counts = tables.sum(axis=2) + tables.sum(axis=1)
    n = counts.sum(axis=1)
    if ordinal:
        ranks = counts.cumsum(axis=1) - counts / 2
        apart = (ranks[:, :, None] - ranks[:, None, :]) ** 2
    else:
        size = tables.shape[1]
        apart = np.broadcast_to(1.0 - np.eye(size), (len(tables), size, size))
    expected = np.einsum("ti,tj,tij->t", counts, counts, apart) / (2 * (n - 1))
    return _beyond_chance(np.einsum("tij,tij->t", tables, apart), expected)


def coefficients(rated: Sequence[RatedTwice], *, ordinal: bool) -> tuple[Coefficient, Coefficient]:
    """κ and α of two raters.

    Args:
        rated: answers that both have rated, each once.
        ordinal: whether the values are ordered.

    Raises:
        InputError: an answer occurs twice.
    """
    if len({one.run_id for one in rated}) < len(rated):
        raise InputError("An answer occurs twice: give each one once.")
    found = agreement(
        {one.run_id: one.first for one in rated},
        {one.run_id: one.second for one in rated},
        ordinal=ordinal,
    )
    if found.kappa is None:
        return Coefficient(value=None), Coefficient(value=None)
    values = [value for one in rated for value in (one.first, one.second)]
    scale = range(min(values), max(values) + 1)
    size = len(scale)
    cells = np.zeros((len(rated), size * size))
    places = [(one.first - scale[0]) * size + one.second - scale[0] for one in rated]
    cells[np.arange(len(rated)), places] = 1.0
    sums = clustered([one.instruction for one in rated], cells)

    def interval(formula: Formula, value: float | None) -> Coefficient:
        if len(sums) < MIN_INSTRUCTIONS:
            return Coefficient(value=value)
        ends = bootstrap_interval_of_sums(
            sums, lambda drawn: formula(drawn.reshape(-1, size, size), ordinal=ordinal)
        )
        low, high = ends or (None, None)
        return Coefficient(value=value, low=low, high=high)

    return interval(kappa_of, found.kappa), interval(alpha_of, found.alpha)


def _beyond_chance(observed: FloatArray, expected: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))
