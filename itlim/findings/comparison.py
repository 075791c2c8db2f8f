"""Compare two pairs on the instructions that both answered: paired differences and flips."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from itlim.errors import InputError
from itlim.findings.answers import GOLD, Answer, PairAnswers, by_instruction, marks_name
from itlim.findings.flips import Flips, flips_between
from itlim.records import FloatArray
from itlim.schema import ShiftCategory
from itlim.statistics.intervals import mean
from itlim.text.messages import plural
from itlim.text.words import raw_words

MIN_SHARED = 2
"""Number of shared instructions below which there is nothing to resample."""
MIN_CLAIMED = 20
"""Number of instructions below which the sentence names no difference of a measure: bootstrap
intervals of few values are too narrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean paired difference of one measure, second pair minus first."""

    measure: str
    unit: str
    marks: str = ""
    """What the measure is known from, `gold` or `people`; empty if it uses no marks."""
    first: float
    """Mean over the shared instructions."""
    second: float
    difference: float
    ci_low: float
    """95% BCa bootstrap interval over instructions. It has no width if all differences are equal:
    then no resample differs."""
    ci_high: float
    n: int

    @property
    def is_clear(self) -> bool:
        """Whether there are enough values, and their interval excludes 0."""
        return self.n >= MIN_CLAIMED and self.ci_low * self.ci_high > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two pairs on the same instructions."""

    first: str
    second: str
    n: int
    differences: tuple[Difference, ...]
    flips: tuple[Flips, ...]
    """One for each property that is known for both answers to some instruction."""

    @property
    def sentence(self) -> str:
        """One sentence about the differences that are clear."""
        shared = f"On {plural(self.n, 'shared instruction')}"
        if self.n < MIN_CLAIMED:
            return f"{shared}, no difference is named: that takes at least {MIN_CLAIMED}."
        clear = [one for one in self.differences if one.is_clear]
        if not clear:
            few = any(one.n < MIN_CLAIMED for one in self.differences)
            of = f" over at least {MIN_CLAIMED} of them" if few else ""
            return (
                f"{shared}, no difference between {self.first} and {self.second} is clear: each "
                f"interval{of} includes 0."
            )
        parts = list(map(_in_words, clear))
        listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
        return f"{shared}, {self.second} has {listed} than {self.first}."


def compare_pairs(
    first: PairAnswers, second: PairAnswers, borrowed: Mapping[str, bool] | None = None
) -> Comparison:
    """Compare the answers of two pairs to the same instructions.

    Of several answers of a pair to one instruction, the first one counts.

    Args:
        first: answers of one pair.
        second: answers of the other one.
        borrowed: whether an answer has a phrase borrowed beyond chance, by run id; answers of
            which this is unknown are absent (`borrowing.borrowed_answers`).

    Raises:
        InputError: the pairs share fewer than two instructions.
    """
    a, b = by_instruction(first.answers), by_instruction(second.answers)
    shared = [one.instruction for one in first.answers if one.instruction in b]
    shared = list(dict.fromkeys(shared))
    if len(shared) < MIN_SHARED:
        raise InputError(
            f"{first.pair} and {second.pair} share {plural(len(shared), 'instruction')}: expected "
            f"at least {MIN_SHARED}. Ask both the same questions."
        )
    answers = [(a[instruction], b[instruction]) for instruction in shared]
    marks = first.marks_from if first.marks_from == second.marks_from else ""
    known = borrowed or {}
    found = [_difference(answers, *one) for one in _measures(marks, known)]
    return Comparison(
        first=first.pair,
        second=second.pair,
        n=len(shared),
        differences=tuple(one for one in found if one is not None),
        flips=flips_between(answers, marks=marks, borrowed=known),
    )


def mean_kl(answer: Answer) -> float | None:
    """Mean KL(tuned ‖ base) over an answer's tokens in nats; None without tokens."""
    values = answer.tokens["kl_tuned_base"].to_numpy()
    return float(values.mean()) if len(values) else None


def _moved(answer: Answer) -> float | None:
    categories = answer.tokens["category"].to_numpy(zero_copy_only=False)
    if not len(categories):
        return None
    return 100 * float(np.mean(categories != ShiftCategory.UNSHIFTED))


def _n_words(answer: Answer) -> float:
    return float(len(raw_words(answer.response)))


def _percent(flag: bool | None) -> float | None:
    return None if flag is None else 100.0 * flag


def _marked(answer: Answer) -> float | None:
    return 100.0 * bool(answer.marks) if answer.is_reviewed else None


_Measure = tuple[str, str, str, Callable[[Answer], float | None]]
"""Name, unit, source of marks, and value of an answer."""
_POINTS = "percentage points"


def _measures(marks: str, borrowed: Mapping[str, bool]) -> list[_Measure]:
    found: list[_Measure] = [
        ("mean KL(tuned ‖ base)", "nats", "", mean_kl),
        ("shifted or marginal tokens", _POINTS, "", _moved),
        ("words per answer", "words", "", _n_words),
        ("right answers", _POINTS, GOLD, lambda one: _percent(one.is_right)),
    ]
    if marks:
        found.append(("answers with a marked phrase", _POINTS, marks, _marked))
    found.append(
        ("answers with a borrowed phrase", _POINTS, "",
         lambda one: _percent(borrowed.get(one.run_id)))
    )  # fmt: skip
    return found


_COMPARED = {
    "mean KL(tuned ‖ base)": ("a lower mean KL", "a higher mean KL"),
    "shifted or marginal tokens": (
        "fewer shifted or marginal tokens",
        "more shifted or marginal tokens",
    ),
    "words per answer": ("fewer words per answer", "more words per answer"),
    "right answers": ("fewer right answers", "more right answers"),
    "answers with a marked phrase": (
        "fewer answers with a marked phrase",
        "more answers with a marked phrase",
    ),
    "answers with a borrowed phrase": (
        "fewer answers with a borrowed phrase",
        "more answers with a borrowed phrase",
    ),
}
"""A negative and a positive difference in words."""


def _in_words(one: Difference) -> str:
    value = f"{one.difference:+.3g} {one.unit}".replace("-", "\u2212")
    source = f" by {marks_name(one.marks)}" if one.marks else ""
    same = ", the same for each instruction" if one.ci_low == one.ci_high else ""
    return f"{_COMPARED[one.measure][one.difference > 0]} ({value}{source}{same})"


def _difference(
    answers: Sequence[tuple[Answer, Answer]],
    name: str,
    unit: str,
    marks: str,
    of: Callable[[Answer], float | None],
) -> Difference | None:
    """The difference over the instructions for which both answers have the measure."""
    values = [(of(one), of(other)) for one, other in answers]
    known = np.array([pair for pair in values if None not in pair], dtype=np.float64)
    if len(known) < MIN_SHARED:
        return None
    gaps = known[:, 1] - known[:, 0]
    low, high = _interval(gaps)
    return Difference(
        measure=name,
        unit=unit,
        marks=marks,
        first=mean(known[:, 0].tolist()),
        second=mean(known[:, 1].tolist()),
        difference=mean(gaps.tolist()),
        ci_low=low,
        ci_high=high,
        n=len(known),
    )


def _interval(gaps: FloatArray) -> tuple[float, float]:
    """The BCa interval of the mean; the percentile interval where BCa is undefined."""
    from scipy.stats import bootstrap

    if np.ptp(gaps) == 0:
        return float(gaps[0]), float(gaps[0])
    for method in ("BCa", "percentile"):
        found: Any = bootstrap(
            (gaps,), np.mean, method=method, n_resamples=5000, rng=np.random.default_rng(0)
        ).confidence_interval
        if np.isfinite(found.low) and np.isfinite(found.high):
            break
    return float(found.low), float(found.high)
