"""Two responses to one instruction, judged side by side (paper, Figure 6).

The two models are `A` and `B` in storage; people see left and right, in an order of their own.
"""

from dataclasses import dataclass
from enum import StrEnum


class Model(StrEnum):
    """Which of the two models; which pair that is, is in `SideBySide`."""

    A = "a"
    B = "b"


class Side(StrEnum):
    """Where a response is shown."""

    LEFT = "left"
    RIGHT = "right"


class Contrast(StrEnum):
    """The five categories of Figure 6, in its order; "the former" is a side in three of them."""

    MORE_DETAILED = "more_detailed"
    """Both accurate, one more detailed and preferred."""
    DIFFERENT = "different"
    """Both accurate, but different information-wise."""
    BOTH_WRONG = "both_wrong"
    """Both completely inaccurate."""
    PROLONGED = "prolonged"
    """One hallucinated facts in an attempt to prolong the response, the other did not."""
    CORE_WRONG = "core_wrong"
    """One hallucinated in the core facts, the other did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One instruction with both models' responses."""

    instruction: str
    run_a: str
    text_a: str
    run_b: str
    text_b: str
    input: str = ""
    item_id: str = ""
    """A hash of study and content; empty until the comparison is part of a study."""
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """What a side-by-side study compares."""

    pair_a: str
    pair_b: str
    n_both: int
    """Instructions that both had answered when the study was made."""
    n_same: int
    """Of these, how many have the same response from both; they are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one person said about one comparison, as they saw it."""

    contrast: Contrast
    side: Side | None
    """Which one it is said of; None where the category is about both."""
    left: Model
    """Whose response was shown on the left."""
    note: str = ""
