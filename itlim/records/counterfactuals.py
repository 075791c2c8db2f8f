"""Counterfactual instructions: the same question in other words, and what became of a phrase.

The paper's ✓ and ✗ (Tables 6-8) mix what is kept apart here: whether the phrase recurs and
whether other instances' words come instead are measured; whether the answer is right, and
whether the question still means the same, is for people to say.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from itlim.errors import InputError


class Recurrence(StrEnum):
    """Whether a phrase stands in another answer."""

    EXACT = "exact"
    """The same normalised words in the same order."""
    FUZZY = "fuzzy"
    """Words spelt nearly the same."""
    GONE = "gone"


class JudgedQuestion(StrEnum):
    """What people say about an answer to a rephrased instruction."""

    ANSWER_CORRECT = "answer_correct"
    MEANING_PRESERVED = "meaning_preserved"
    KEPT = "kept"
    """`no` takes the row out of tables; it stays in the store."""


class Judged(StrEnum):
    """What one person answers."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringSpan:
    """Where in another answer a phrase stands best, and how well."""

    kind: Recurrence
    start: int | None
    """First code point of the new response; None where nothing resembles the phrase."""
    stop: int | None
    similarity: float
    """rapidfuzz ratio of the phrase's normalised words and the best stretch's, 0 to 1."""

    @property
    def is_gone(self) -> bool:
        return self.kind == Recurrence.GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """A rare stretch of an answer that stands verbatim in instances."""

    start: int
    """Code points of the new response, half-open."""
    stop: int
    quote: str
    nats: float
    """Surprisal of its words in the dataset."""
    null_p: float | None
    """Chance of so rare a stretch in an equally long response."""
    instance_ids: tuple[str, ...]
    """The first ten."""
    n_instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualCase:
    """A marked phrase of a stored answer, and where it is thought to come from."""

    case_id: str
    """From `lab.asking.case_id`: the same words of the same run are one case."""
    version: int
    run_id: str
    pair: str
    instruction: str
    input: str
    response: str
    start: int
    """Code points of `response`, half-open."""
    stop: int
    source_ids: tuple[str, ...] = ()
    """Instances that it was borrowed from, as somebody decided."""
    other_ids: tuple[str, ...] = ()
    """Other instances that it could have been borrowed from."""
    concept: str = ""
    """What both instructions talk about, in words (the paper's row Causality)."""
    changed_by: str = ""
    changed_at: datetime

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= len(self.response):
            raise InputError(
                f"The span {self.start}:{self.stop} does not lie in the response of "
                f"{len(self.response)} code points: mark some of its words."
            )

    @property
    def quote(self) -> str:
        return self.response[self.start : self.stop]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """One rephrased instruction, the answer to it, and what was measured on it."""

    counterfactual_id: str
    case_id: str
    pair: str
    """Who answered: the case's pair, or another one asked the same."""
    instruction: str
    input: str
    template: str
    """Which template proposed the wording; `own words` if none or if it was edited."""
    run_id: str
    response: str
    base_hash: str
    tuned_hash: str
    decoding: str
    max_new_tokens: int | None
    recurs: RecurringSpan
    borrowed: tuple[Borrowed, ...] | None
    """Rare stretches of the answer that stand in the datasets; None where none was searched."""
    author: str
    created_at: datetime

    def elsewhere(self, source_ids: Collection[str]) -> tuple[Borrowed, ...] | None:
        """Stretches that other instances hold, and none of the sources; None if nobody looked."""
        if self.borrowed is None:
            return None
        return tuple(one for one in self.borrowed if not set(source_ids) & set(one.instance_ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualRow:
    """A counterfactual with what people last said of it."""

    counterfactual: Counterfactual
    answer_correct: Judged | None = None
    meaning_preserved: Judged | None = None
    is_kept: bool = True
