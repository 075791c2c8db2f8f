"""Remedies against borrowing side by side, with paired tests against plain tuning (Figure 9).

The paper tries to reduce hallucinations and to raise quality by NEFTune, filtered, simplified and
evolved datasets, and finds that none helps (section 6, Figure 9). Here each remedy is compared with
the same recipe on the original dataset, question by question.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from itlim.errors import InputError
from itlim.findings.estimates import PERCENT
from itlim.findings.remedy_answers import MEASURES, RemedyAnswer, RemedyMeasure
from itlim.records import FloatArray
from itlim.statistics.intervals import (
    bootstrap_interval_of_sums,
    mean,
    ratio_of_sums,
    share_interval,
)
from itlim.statistics.permutation import holm

FLIPS = 9_999
"""Random assignments of signs per test: the smallest p is 0.0002."""
_GAPS = {
    RemedyMeasure.RIGHT: "percentage points",
    RemedyMeasure.WRONG: "percentage points",
    RemedyMeasure.BORROWED: "percentage points",
    RemedyMeasure.KL: "nats",
    RemedyMeasure.JUDGED: "points",
    RemedyMeasure.JUDGED_MEAN: "points",
}
"""Units of differences."""
CLEAR = 0.05
"""Adjusted p below which a difference is named."""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyCell:
    """One measure of one remedy, and how it differs from the reference."""

    remedy: str
    measure: RemedyMeasure
    value: float | None
    """Mean over questions of the mean over seeds; None if no answer has the measure."""
    ci_low: float | None = None
    """95% interval over questions, see `share_interval`; None for fewer than two."""
    ci_high: float | None = None
    seed_low: float | None = None
    """Smallest mean of a single seed."""
    seed_high: float | None = None
    n: int = 0
    """Number of questions."""
    n_seeds: int = 0
    difference: float | None = None
    """From the reference, over the questions that both answered; None for the reference."""
    difference_low: float | None = None
    difference_high: float | None = None
    n_shared: int = 0
    p: float | None = None
    """Two-sided sign-flip test over questions."""
    p_holm: float | None = None
    """The same, adjusted over all tunings with the same reference and measure."""


def reading(reference: str, cells: Sequence[RemedyCell]) -> list[str]:
    """One sentence per measure: which tunings differ from the reference, and by how much.

    A difference is named if its adjusted p is below .05 (Holm over all compared tunings, among
    which may be plain tuning with another recipe).
    """
    sentences = []
    for measure in RemedyMeasure:
        tested = [one for one in cells if one.measure is measure and one.p_holm is not None]
        clear = [one for one in tested if (one.p_holm or 0.0) < CLEAR]
        if not tested:
            continue
        named = ", ".join(_named(one) for one in clear)
        none = f"no other tuning differs from {reference}"
        said = f"compared with {reference}, {named}" if clear else none
        sentences.append(f"{MEASURES[measure].title}: {said}.")
    return sentences


def _named(one: RemedyCell) -> str:
    """A clear difference in words; names keep their hyphens, numbers have a minus sign."""
    gap = f"{one.difference:+.3g}".replace("-", "\u2212")
    p = f"{one.p_holm:.2g}".replace("-", "\u2212")
    return f"{one.remedy} {gap} {_GAPS[one.measure]} (p = {p})"


def remedy_cells(reference: str, answers: Mapping[str, Sequence[RemedyAnswer]]) -> list[RemedyCell]:
    """Compare remedies with a reference, measure by measure.

    Seeds of one question are averaged first, so a question counts once however many seeds there
    are: intervals and tests are about other questions, and `seed_low` to `seed_high` show what
    another seed changes.

    Args:
        reference: name of the tuning that the others are compared with.
        answers: answers by name of the tuning.

    Returns:
        One cell per tuning and measure, in this order.

    Raises:
        InputError: there are no answers of the reference.
    """
    if not answers.get(reference):
        raise InputError(
            f"There is no answer of {reference}: remedies are compared with plain tuning. Choose "
            "a pair with stored answers."
        )
    cells = [
        _cell(name, measure, mine, None if name == reference else answers[reference])
        for measure in RemedyMeasure
        for name, mine in answers.items()
    ]
    return [*_adjusted(cells)]


def _adjusted(cells: Sequence[RemedyCell]) -> list[RemedyCell]:
    """Add Holm's adjustment within each measure."""
    found = list(cells)
    for measure in RemedyMeasure:
        places = [
            place
            for place, cell in enumerate(found)
            if cell.measure is measure and cell.p is not None
        ]
        p_values = [cell.p for cell in (found[place] for place in places) if cell.p is not None]
        for place, p in zip(places, holm(p_values), strict=True):
            found[place] = replace(found[place], p_holm=p)
    return found


def _cell(
    name: str,
    measure: RemedyMeasure,
    mine: Sequence[RemedyAnswer],
    reference: Sequence[RemedyAnswer] | None,
) -> RemedyCell:
    by_question = _by_question(mine, measure)
    if not by_question:
        return RemedyCell(remedy=name, measure=measure, value=None)
    values = list(by_question.values())
    is_share = MEASURES[measure].unit == PERCENT
    low, high = _interval(values, is_share=is_share) or (None, None)
    seeds = _by_seed(mine, measure)
    cell = RemedyCell(
        remedy=name,
        measure=measure,
        value=mean(values),
        ci_low=low,
        ci_high=high,
        seed_low=min(seeds),
        seed_high=max(seeds),
        n=len(values),
        n_seeds=len(seeds),
    )
    if reference is None:
        return cell
    others = _by_question(reference, measure)
    gaps = np.array([value - others[key] for key, value in by_question.items() if key in others])
    if not len(gaps):
        return cell
    low, high = _interval(gaps.tolist()) or (None, None)
    return replace(
        cell,
        difference=float(gaps.mean()),
        difference_low=low,
        difference_high=high,
        n_shared=len(gaps),
        p=two_sided_p(gaps),
    )


def _interval(values: Sequence[float], *, is_share: bool = False) -> tuple[float, float] | None:
    """95% interval of the mean of one value per question."""
    counted = np.column_stack([values, np.ones(len(values))])
    if is_share:
        return share_interval(counted)
    return bootstrap_interval_of_sums(counted, ratio_of_sums)


def _by_question(answers: Sequence[RemedyAnswer], measure: RemedyMeasure) -> dict[str, float]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for one in answers:
        if measure in one.values:
            found[one.instruction].append(one.values[measure])
    return {key: mean(values) for key, values in found.items()}


def _by_seed(answers: Sequence[RemedyAnswer], measure: RemedyMeasure) -> list[float]:
    found: defaultdict[int, list[float]] = defaultdict(list)
    for one in answers:
        if measure in one.values:
            found[one.seed].append(one.values[measure])
    return [mean(values) for values in found.values()]


def two_sided_p(gaps: FloatArray, *, flips: int = FLIPS, seed: int = 0) -> float:
    """Two-sided sign-flip test of paired differences.

    Under exchangeability, every difference is as likely as its negative. p is the share of random
    assignments of signs, the observed one included, whose sum is at least as far from 0.

    Args:
        gaps: (n,) differences, in any unit.
        flips: number of random assignments.
        seed: seed of the assignments.

    Returns:
        A probability in (0, 1]; 1 if all differences are 0.

    >>> two_sided_p(np.array([0.0, 0.0]))
    1.0
    """
    moved = gaps[gaps != 0]
    if not len(moved):
        return 1.0
    signs = np.random.default_rng(seed).integers(0, 2, (flips, len(moved))) * 2 - 1
    sums = np.abs(signs @ moved)
    observed = abs(float(moved.sum()))
    return float((1 + np.count_nonzero(sums >= observed - _ROUNDING)) / (1 + flips))
