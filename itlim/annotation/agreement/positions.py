"""Agreement on where something is wrong, with the labels ignored, beside exact agreement.

By position, two annotators agree on every code point that both marked, whatever their labels and
wherever their spans begin and end. Exactly, they agree on a span only if both edges and the label
are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from itlim.annotation.agreement.layers import RatedItem, spans_of
from itlim.annotation.agreement.spans import Edges
from itlim.records import FloatArray, Sheet
from itlim.statistics.figures import Figure, make_figure
from itlim.statistics.intervals import bootstrap_interval_of_sums

_UNITS = 2
"""Columns per figure: what two annotators share, and the sum of what each has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionAgreement:
    """Agreement by position only and exact agreement, pooled over pairs × responses."""

    position_f1: Figure
    """2 |A ∩ B| / (|A| + |B|) over marked code points; interval by bootstrap over responses."""
    exact_f1: Figure
    """The same over spans that are equal in both edges and in the label."""
    n_responses: int
    """Number of responses that two or more annotators submitted."""
    n_pairs: int
    """Number of pairs of annotators × responses."""


def covered(spans: Sequence[Edges]) -> list[Edges]:
    """Union of spans, as disjoint ascending ranges: what overlaps counts once.

    >>> covered([(4, 7), (0, 2), (6, 9), (2, 3)])
    [(0, 3), (4, 9)]
    """
    ranges: list[Edges] = []
    for start, stop in sorted(spans):
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], stop))
        else:
            ranges.append((start, stop))
    return ranges


def overlap(one: Sequence[Edges], other: Sequence[Edges]) -> tuple[int, int]:
    """Code points that both marked, and the sum of those that each marked.

    A marks [5, 9) and B marks [7, 11): they share 2 of 4 + 4.

    >>> overlap([(5, 9)], [(7, 11)])
    (2, 8)
    """
    left, right = covered(one), covered(other)
    shared = sum(
        max(0, min(a_stop, b_stop) - max(a_start, b_start))
        for a_start, a_stop in left
        for b_start, b_stop in right
    )
    return shared, sum(stop - start for start, stop in (*left, *right))


def exact_matches(one: Sheet, other: Sheet) -> tuple[int, int]:
    """Spans that are equal in edges and label, and the sum of the numbers of spans."""
    left, right = _labeled(one), _labeled(other)
    return len(left & right), len(left) + len(right)


def _labeled(sheet: Sheet) -> set[tuple[int, int, str]]:
    return {(mark.start, mark.stop, mark.label) for mark in sheet.marks}


def position_agreement(
    items: Sequence[RatedItem], *, n_resamples: int, seed: int
) -> PositionAgreement:
    """Compute both figures.

    Args:
        items: responses with the sheets that count; those with fewer than two are ignored.
        n_resamples: number of bootstrap resamples over responses.
        seed: random seed of the bootstrap.
    """
    doubled = [rated for rated in items if len(rated.sheets) >= 2]
    table = np.array([_sums(rated) for rated in doubled], np.float64).reshape(-1, 2 * _UNITS)
    n_pairs = sum(len(rated.sheets) * (len(rated.sheets) - 1) // 2 for rated in doubled)
    why = "nobody marked" if doubled else "no response was submitted by two annotators"
    by_position, exact = table[:, :_UNITS], table[:, _UNITS:]
    return PositionAgreement(
        position_f1=_figure(by_position, why, n_resamples, seed),
        exact_f1=_figure(exact, why, n_resamples, seed),
        n_responses=len(doubled),
        n_pairs=n_pairs,
    )


def _sums(rated: RatedItem) -> list[int]:
    """Shared and total code points, then shared and total spans, over all pairs of annotators."""
    sums = np.zeros(2 * _UNITS, dtype=np.int64)
    for one, other in combinations(rated.sheets.values(), 2):
        sums += (*overlap(spans_of(one, None), spans_of(other, None)), *exact_matches(one, other))
    return [int(term) for term in sums]


def _figure(sums: FloatArray, why_not: str, n_resamples: int, seed: int) -> Figure:
    shared, total = sums.sum(axis=0)
    if not total:
        return make_figure(None, why_not)
    interval = bootstrap_interval_of_sums(sums, _f1, resamples=n_resamples, seed=seed)
    why = "one response only" if len(sums) < 2 else "too few responses have marks"
    return Figure(
        value=float(2 * shared / total), interval=interval, no_interval="" if interval else why
    )


def _f1(sums: FloatArray) -> FloatArray:
    """(resamples, 2) → (resamples,); nan without marks."""
    shared, total = sums.T
    return 2 * shared / np.where(total > 0, total, np.nan)
