"""Compare two pairs on the instructions that both answered: paired differences and flips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from itlim.errors import InputError
from itlim.findings.answers import Answer, PairAnswers
from itlim.records import FloatArray
from itlim.schema import ShiftCategory
from itlim.statistics.intervals import mean
from itlim.text.messages import plural
from itlim.text.words import raw_words

MIN_SHARED = 2
"""Number of shared instructions below which there is nothing to resample."""
MIN_CLAIMED = 20
"""Number below which the sentence names no difference: bootstrap intervals of few values are too
narrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean paired difference of one measure, second pair minus first."""

    measure: str
    unit: str
    first: float
    """Mean over the shared instructions."""
    second: float
    difference: float
    ci_low: float | None
    """95% BCa bootstrap interval over instructions; None if all differences are equal."""
    ci_high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """Instructions on which exactly one of the two answers has a marked phrase."""

    only_first: tuple[tuple[str, str], ...]
    """Run ids of both answers; the first one has a marked phrase."""
    only_second: tuple[tuple[str, str], ...]
    both: int
    neither: int
    p: float
    """Exact two-sided McNemar test; 1 without flips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two pairs on the same instructions."""

    first: str
    second: str
    n: int
    differences: tuple[Difference, ...]
    flips: Flips | None
    """None if the two pairs' marks come from different sources, or nothing is marked."""

    @property
    def sentence(self) -> str:
        """One sentence about the differences whose interval excludes 0."""
        clear = [
            one
            for one in self.differences
            if one.ci_low is not None and one.ci_high is not None and one.ci_low * one.ci_high > 0
        ]
        shared = f"On {plural(self.n, 'shared instruction')}"
        if self.n < MIN_CLAIMED:
            return f"{shared}, nothing can be told: expected at least {MIN_CLAIMED}."
        if not clear:
            return f"{shared}, no measure tells {self.second} from {self.first}."
        parts = [
            f"{_COMPARED[one.measure][one.difference > 0]} "
            f"({one.difference:+.3g} {one.unit})".replace("-", "\u2212")
            for one in clear
        ]
        listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
        return f"{shared}, {self.second} has {listed} than {self.first}."


def compare_pairs(first: PairAnswers, second: PairAnswers) -> Comparison:
    """Compare the answers of two pairs to the same instructions.

    Of several answers of a pair to one instruction, the first one counts.

    Raises:
        InputError: the pairs share fewer than two instructions.
    """
    a, b = ({one.instruction: one for one in reversed(pair.answers)} for pair in (first, second))
    shared = [one.instruction for one in first.answers if one.instruction in b]
    shared = list(dict.fromkeys(shared))
    if len(shared) < MIN_SHARED:
        raise InputError(
            f"{first.pair} and {second.pair} share {plural(len(shared), 'instruction')}: expected "
            f"at least {MIN_SHARED}. Ask both the same questions."
        )
    answers = [(a[instruction], b[instruction]) for instruction in shared]
    found = [_difference(answers, *one) for one in _MEASURES]
    same_marks = first.marks_from == second.marks_from != ""
    return Comparison(
        first=first.pair,
        second=second.pair,
        n=len(shared),
        differences=tuple(one for one in found if one is not None),
        flips=_flips(answers) if same_marks else None,
    )


def _mean_kl(answer: Answer) -> float | None:
    values = answer.tokens["kl_tuned_base"].to_numpy()
    return float(values.mean()) if len(values) else None


def _moved(answer: Answer) -> float | None:
    categories = answer.tokens["category"].to_numpy(zero_copy_only=False)
    if not len(categories):
        return None
    return 100 * float(np.mean(categories != ShiftCategory.UNSHIFTED))


def _n_words(answer: Answer) -> float:
    return float(len(raw_words(answer.response)))


_MEASURES: tuple[tuple[str, str, Callable[[Answer], float | None]], ...] = (
    ("mean KL(tuned ‖ base)", "nats", _mean_kl),
    ("shifted or marginal tokens", "percentage points", _moved),
    ("words per answer", "words", _n_words),
)


_COMPARED = {
    "mean KL(tuned ‖ base)": ("a lower mean KL", "a higher mean KL"),
    "shifted or marginal tokens": (
        "fewer shifted or marginal tokens",
        "more shifted or marginal tokens",
    ),
    "words per answer": ("fewer words per answer", "more words per answer"),
}
"""A negative and a positive difference in words."""


def _difference(
    answers: Sequence[tuple[Answer, Answer]],
    name: str,
    unit: str,
    of: Callable[[Answer], float | None],
) -> Difference | None:
    """The difference over the instructions for which both answers have the measure."""
    values = [(of(one), of(other)) for one, other in answers]
    known = np.array([pair for pair in values if None not in pair], dtype=np.float64)
    if len(known) < MIN_SHARED:
        return None
    gaps = known[:, 1] - known[:, 0]
    low, high = _bca(gaps) or (None, None)
    return Difference(
        measure=name,
        unit=unit,
        first=mean(known[:, 0].tolist()),
        second=mean(known[:, 1].tolist()),
        difference=mean(gaps.tolist()),
        ci_low=low,
        ci_high=high,
        n=len(known),
    )


def _bca(gaps: FloatArray) -> tuple[float, float] | None:
    from scipy.stats import bootstrap

    if np.ptp(gaps) == 0:
        return None
    found: Any = bootstrap(
        (gaps,), np.mean, method="BCa", n_resamples=5000, rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def _flips(answers: Sequence[tuple[Answer, Answer]]) -> Flips:
    from scipy.stats import binomtest

    ids = [(one.run_id, other.run_id) for one, other in answers]
    marked = [(bool(one.marks), bool(other.marks)) for one, other in answers]
    only_first = tuple(pair for pair, has in zip(ids, marked, strict=True) if has == (True, False))
    only_second = tuple(pair for pair, has in zip(ids, marked, strict=True) if has == (False, True))
    n = len(only_first) + len(only_second)
    return Flips(
        only_first=only_first,
        only_second=only_second,
        both=marked.count((True, True)),
        neither=marked.count((False, False)),
        p=float(binomtest(len(only_first), n).pvalue) if n else 1.0,
    )
