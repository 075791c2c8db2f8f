"""How well a method's choices agree with what leaving instances out did.

Only instances with a retraining of their own count: a method's choices among all others are
passed over, and `first_known` tells how often the very first was one of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from itlim.causality.leave_out.findings import STRONG_EFFECT
from tests.benchmarks.leave_out_cases import CausalCase
from tests.benchmarks.trace_scores import RESAMPLES, Estimate

MEASURES = {
    "hit_1": "the strongest source is the first choice; cases with an effect over 1 nat",
    "hit_3": "it is among the first three",
    "gone": "the phrase goes when the first choice is removed; no choice: it stays",
    "gone_less_oracle": "that less the same for the strongest source, case by case",
    "drop": "nats that log p(phrase) falls by then",
    "drop_less_oracle": "that less the strongest source's, case by case",
    "spearman": "of scores and effects over instances; those not named share the last rank, so a "
    "method that names few stays near 0; 0 where nothing is named",
    "first_known": "the first choice was left out alone; cases with a choice",
    "group_found": "the first g choices are the g instances that hold the phrase; g > 1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One method on one case; NaN where a measure is not defined."""

    hit_1: float
    hit_3: float
    gone: float
    gone_less_oracle: float
    drop: float
    drop_less_oracle: float
    spearman: float
    first_known: float
    group_found: float


def outcome(case: CausalCase, scores: np.ndarray) -> Outcome:
    """Judge a method's scores of all instances.

    Equal scores are put in a random order, the same for every method and case.

    Args:
        case: with its measured effects.
        scores: (n,) one an instance of the dataset, −inf where it is not named.
    """
    everywhere = ranked(scores)
    known = {int(place): number for number, place in enumerate(case.positions)}
    chosen = [known[place] for place in everywhere if place in known]
    strongest = int(np.argmax(case.drops))
    strong = case.drops[strongest] > STRONG_EFFECT
    gone = float(case.gone[chosen[0]]) if chosen else 0.0
    drop = float(case.drops[chosen[0]]) if chosen else 0.0
    return Outcome(
        hit_1=float(strongest in chosen[:1]) if strong else np.nan,
        hit_3=float(strongest in chosen[:3]) if strong else np.nan,
        gone=gone,
        gone_less_oracle=gone - float(case.gone[strongest]),
        drop=drop,
        drop_less_oracle=drop - float(case.drops[strongest]),
        spearman=spearman(scores[case.positions], case.drops),
        first_known=float(everywhere[0] in known) if everywhere else np.nan,
        group_found=_group_found(case, everywhere),
    )


def oracle_outcome(case: CausalCase, *, holders_only: bool = False) -> Outcome:
    """Of who knows all effects, and removes the strongest source.

    Args:
        case: with its measured effects.
        holders_only: name only instances whose response holds the phrase: as far as copied
            words can lead.
    """
    scores = np.full(int(case.positions.max()) + 1, -np.inf)
    named = case.holds if holders_only else np.ones(len(case.positions), dtype=bool)
    scores[case.positions[named]] = case.drops[named]
    return outcome(case, scores)


def random_outcome(case: CausalCase) -> Outcome:
    """The mean over all single removals: what choosing blindly gives."""
    n = len(case.positions)
    strongest = int(np.argmax(case.drops))
    strong = case.drops[strongest] > STRONG_EFFECT
    return Outcome(
        hit_1=1 / n if strong else np.nan,
        hit_3=min(3 / n, 1.0) if strong else np.nan,
        gone=float(case.gone.mean()),
        gone_less_oracle=float(case.gone.mean() - case.gone[strongest]),
        drop=float(case.drops.mean()),
        drop_less_oracle=float(case.drops.mean() - case.drops[strongest]),
        spearman=0.0,
        first_known=np.nan,
        group_found=np.nan if case.group is None else 0.0,
    )


def ranked(scores: np.ndarray) -> list[int]:
    """0-based places of the named instances, best first; ties in a fixed random order.

    >>> ranked(np.array([1.0, -np.inf, 3.0]))
    [2, 0]
    """
    shuffled = np.random.default_rng(0).permutation(len(scores))
    order = np.lexsort((shuffled, -scores))
    return [int(place) for place in order if scores[place] > -np.inf]


def spearman(scores: np.ndarray, effects: np.ndarray) -> float:
    """Rank correlation, ties at their mean rank; 0 where either is constant."""
    # All that is not named shares the lowest rank.
    left, right = rankdata(scores), rankdata(effects)
    if left.std() == 0 or right.std() == 0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _group_found(case: CausalCase, everywhere: Sequence[int]) -> float:
    if case.group is None:
        return np.nan
    first = everywhere[: len(case.group.positions)]
    return float(frozenset(first) == case.group.positions)


def column(outcomes: Sequence[Outcome], measure: str) -> np.ndarray:
    """(n,) one measure of many cases."""
    return np.array([getattr(one, measure) for one in outcomes])


def cluster_mean(values: np.ndarray, clusters: Sequence[str]) -> tuple[Estimate | None, int]:
    """Mean of the defined values with its 95% bootstrap interval, and how many there are.

    Whole clusters are drawn: cases of one question rise and fall together. The draws depend on
    the clusters alone, so that differences of methods are paired.

    Args:
        values: (n,) NaN where not defined.
        clusters: (n,) names.
    """
    names, places = np.unique(np.array(clusters), return_inverse=True)
    defined = ~np.isnan(values)
    if not defined.any():
        return None, 0
    sums = np.bincount(places, weights=np.where(defined, values, 0.0), minlength=len(names))
    counts = np.bincount(places, weights=defined, minlength=len(names))
    drawn = np.random.default_rng(0).integers(0, len(names), (RESAMPLES, len(names)))
    n_drawn = counts[drawn].sum(axis=1)
    # A draw without any defined value says nothing; it is rare, and left out.
    means = sums[drawn].sum(axis=1)[n_drawn > 0] / n_drawn[n_drawn > 0]
    low, high = np.percentile(means, [2.5, 97.5])
    value = float(np.mean(values[defined]))
    return Estimate(value=value, low=float(low), high=float(high)), int(defined.sum())
