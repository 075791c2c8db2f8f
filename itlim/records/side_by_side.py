"""Two responses to one instruction, judged side by side (paper, Figure 6).

The two models are stored as `A` and `B`; each person sees them left and right in an order
drawn for that person.
"""

from dataclasses import dataclass
from enum import StrEnum


class Model(StrEnum):
    """One of the two models; `SideBySide` contains their pairs."""

    A = "a"
    B = "b"


class Side(StrEnum):
    """The side on which a response is shown."""

    LEFT = "left"
    RIGHT = "right"


class Contrast(StrEnum):
    """The five categories of Figure 6, in its order; three of them also name a side."""

    MORE_DETAILED = "more_detailed"
    """Both accurate, one more detailed and preferred."""
    DIFFERENT = "different"
    """Both accurate, but different information-wise."""
    BOTH_WRONG = "both_wrong"
    """Both completely inaccurate."""
    PROLONGED = "prolonged"
    """Only one hallucinated facts in an attempt to prolong the response."""
    CORE_WRONG = "core_wrong"
    """Only one hallucinated in the core facts."""


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
    """Hash of study and content; empty if the comparison does not belong to a study yet."""
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """The two pairs that a side-by-side study compares."""

    pair_a: str
    pair_b: str
    n_both: int
    """Number of instructions that both pairs had answered when the study was created."""
    n_same: int
    """Number of these with identical responses; they are excluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One person's judgment of one comparison, as displayed."""

    contrast: Contrast
    side: Side | None
    """The side that the category refers to; None if it refers to both."""
    left: Model
    """The model whose response was shown on the left."""
    note: str = ""
