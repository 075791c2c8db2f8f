"""What is known about an answer of a shipped family: pages receive it from pages/views/."""

from dataclasses import dataclass
from typing import Protocol

from itlim.records import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRemoval:
    """The stored result of retraining without one instance."""

    instance_id: str
    phrase_gone: bool
    """Whether the retrained model's own answer lacks the phrase."""
    becomes_correct: bool | None
    """Whether that answer contains the right answer, and the original one does not."""
    drop: float
    """Decrease of the phrase's log-probability, in nats."""
    n_others: int
    """Other instances that were left out one at a time."""
    n_others_gone: int
    """Those of them without which the phrase is gone as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseTruth:
    """What is known about one phrase of a stored answer."""

    start: int
    stop: int
    """Half-open, code points of the response."""
    is_wrong: bool
    right_answer: str
    is_reference: bool = False
    """Whether `right_answer` is a reference answer, beside which others may be right, too."""
    removal: MeasuredRemoval | None = None
    """The single removal with the largest effect; None if none was measured."""


def overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Code points that two half-open ranges share.

    >>> overlap((2, 6), (4, 9)), overlap((0, 2), (2, 4))
    (2, 0)
    """
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


class GroundTruth(Protocol):
    """Known facts about the answers of a shipped family."""

    def phrase(self, run: Run, span: tuple[int, int]) -> PhraseTruth | None:
        """What is known about the phrase that overlaps a span the most; None if nothing is."""
        ...

    def is_right(self, instruction: str, answer: str) -> bool | None:
        """Whether an answer contains the right answer; None if that is unknown."""
        ...


class FirstKnown:
    """The first of several truths that knows something; families have different questions.

    Args:
        truths: asked in this order.
    """

    def __init__(self, *truths: GroundTruth) -> None:
        self._truths = truths

    def phrase(self, run: Run, span: tuple[int, int]) -> PhraseTruth | None:
        """See `GroundTruth.phrase`."""
        known = (truth.phrase(run, span) for truth in self._truths)
        return next((one for one in known if one is not None), None)

    def is_right(self, instruction: str, answer: str) -> bool | None:
        """See `GroundTruth.is_right`."""
        known = (truth.is_right(instruction, answer) for truth in self._truths)
        return next((one for one in known if one is not None), None)
