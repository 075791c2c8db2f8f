"""Records of counterfactual instructions: rephrased questions, and whether a phrase recurs.

The paper's ✓ and ✗ (Tables 6-8) combine what is separate here. Whether the phrase recurs, and
whether words of other instances appear instead, is measured; whether the answer is correct, and
whether the question keeps its meaning, is judged by people.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from itlim.errors import InputError


class Recurrence(StrEnum):
    """Whether a phrase occurs in another answer."""

    EXACT = "exact"
    """The same normalized words in the same order."""
    FUZZY = "fuzzy"
    """Words with nearly the same spelling."""
    GONE = "gone"


class JudgedQuestion(StrEnum):
    """The questions that people judge about an answer to a rephrased instruction."""

    ANSWER_CORRECT = "answer_correct"
    MEANING_PRESERVED = "meaning_preserved"
    KEPT = "kept"
    """`no` excludes the row from tables; it stays in the store."""


class Judged(StrEnum):
    """One person's answer to a judged question."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringSpan:
    """The best match of a phrase in another answer."""

    kind: Recurrence
    start: int | None
    """First code point in the new response; None if nothing resembles the phrase."""
    stop: int | None
    similarity: float
    """rapidfuzz ratio of the normalized words of the phrase and of the match, 0 to 1."""

    @property
    def is_gone(self) -> bool:
        return self.kind == Recurrence.GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """A rare span of an answer that occurs verbatim in instances."""

    start: int
    """Code points in the new response, half-open."""
    stop: int
    quote: str
    nats: float
    """Surprisal of its words in the dataset."""
    null_p: float | None
    """Probability of an equally rare span in an unrelated response of the same length."""
    instance_ids: tuple[str, ...]
    """Ids of the first ten instances."""
    n_instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualCase:
    """A marked phrase of a stored answer and its presumed source."""

    case_id: str
    """From `causality.rephrasing.asking.case_id`: the same span of the same run is one case."""
    version: int
    run_id: str
    pair: str
    instruction: str
    input: str
    response: str
    start: int
    """Code points in `response`, half-open."""
    stop: int
    source_ids: tuple[str, ...] = ()
    """Instances from which a person judged the phrase to be borrowed."""
    other_ids: tuple[str, ...] = ()
    """Other possible sources of the phrase."""
    concept: str = ""
    """What both instructions are about, in words (the row Causality in the paper)."""
    changed_by: str = ""
    changed_at: datetime

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= len(self.response):
            raise InputError(
                f"The span {self.start}:{self.stop} is not within the response of "
                f"{len(self.response)} code points: mark some of its words."
            )

    @property
    def quote(self) -> str:
        return self.response[self.start : self.stop]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """One rephrased instruction with its answer and measurements."""

    counterfactual_id: str
    case_id: str
    pair: str
    """The pair that answered: that of the case or another one."""
    instruction: str
    input: str
    template: str
    """Template that proposed the wording; `own words` if none did or if it was edited."""
    run_id: str
    response: str
    base_hash: str
    tuned_hash: str
    decoding: str
    max_new_tokens: int | None
    recurs: RecurringSpan
    borrowed: tuple[Borrowed, ...] | None
    """Rare spans of the answer that occur in the datasets; None if none was searched."""
    author: str
    created_at: datetime

    def elsewhere(self, source_ids: Collection[str]) -> tuple[Borrowed, ...] | None:
        """Spans that occur in other instances but in no source; None if none was searched."""
        if self.borrowed is None:
            return None
        return tuple(one for one in self.borrowed if not set(source_ids) & set(one.instance_ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualRow:
    """A counterfactual with its latest judgments."""

    counterfactual: Counterfactual
    answer_correct: Judged | None = None
    meaning_preserved: Judged | None = None
    is_kept: bool = True
