"""How well methods rank the right instances: hit@1, hit@5, MRR, with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
TOP = 100
"""Ranks looked at; a source further down counts as not found (reciprocal rank 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over cases with its 95% percentile bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]".replace("0.", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One method on one kind of case."""

    kind: str
    method: str
    n: int
    hit_1: Estimate
    hit_5: Estimate
    mrr: Estimate


def right_rank(rows: Sequence[int], truth: frozenset[int]) -> int | None:
    """1-based rank of the first right row; None if none is among them.

    >>> right_rank([7, 3, 9], frozenset({9, 3}))
    2
    """
    return next((rank for rank, row in enumerate(rows, start=1) if row in truth), None)


def score(kind: str, method: str, ranks: Sequence[int | None]) -> Score:
    """Means over cases.

    Args:
        kind: what the cases are.
        method: what ranked.
        ranks: one a case, from `right_rank`.
    """
    reciprocal = np.array([0.0 if rank is None else 1 / rank for rank in ranks])
    return Score(
        kind=kind,
        method=method,
        n=len(ranks),
        hit_1=bootstrap_mean(reciprocal == 1),
        hit_5=bootstrap_mean(reciprocal >= 1 / 5),
        mrr=bootstrap_mean(reciprocal),
    )


def bootstrap_mean(values: np.ndarray) -> Estimate:
    """Mean with interval; the resamples are the same in every call of as many values.

    So two methods on the same cases are resampled alike, and their intervals compare.

    Args:
        values: (n,) one a case, n > 0.
    """
    drawn = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return Estimate(value=float(np.mean(values)), low=float(low), high=float(high))


def table(scores: Sequence[Score]) -> str:
    """One block a kind, one line a method, in the order given."""
    lines = []
    for kind in dict.fromkeys(one.kind for one in scores):
        mine = [one for one in scores if one.kind == kind]
        heading = f"{kind}, n = {mine[0].n}"
        lines += ["", f"{heading:38}{'hit@1':18}{'hit@5':18}MRR"]
        lines += [f"  {one.method:36}{one.hit_1!s:18}{one.hit_5!s:18}{one.mrr}" for one in mine]
    return "\n".join(lines)
