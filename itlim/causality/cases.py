"""Cases: phrases of the full model's answers, and how training instances relate to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from itlim.errors import InputError
from itlim.records import TokenTexts
from itlim.text.phrases import phrase_in


class Relation(StrEnum):
    """How a set of removed instances relates to a phrase; the first matching value applies."""

    UNIQUE_VERBATIM = "unique_verbatim"
    """A single instance, the only one whose response contains the phrase."""
    SHARED_GROUP = "shared_group"
    """Exactly the instances whose responses contain the phrase, two or more."""
    VERBATIM = "verbatim"
    """An instance whose response contains the phrase, without all others or together with more."""
    SAME_CATEGORY = "same_category"
    """No instance that contains the phrase; all have the category of the question."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A phrase in an answer of the full model of one tuning seed."""

    case_id: str
    seed: int
    split: str
    """The set of questions, such as dev or test."""
    instruction: str
    category: str | None
    """Category of the question; None if the dataset has no categories."""
    response: str
    span_start: int
    span_stop: int
    """Half-open, in code points of `response`."""
    attribute: str
    """The slot that the phrase fills; `answer` is the main slot in the demo."""
    is_main: bool
    truth: str | None
    """The correct phrase; None if unknown."""
    probe: int
    """Index of the probe in the study that has this response."""

    def __post_init__(self) -> None:
        if not 0 <= self.span_start < self.span_stop <= len(self.response):
            raise InputError(
                f"Case {self.case_id}: span {self.span_start}:{self.span_stop} is empty or outside "
                f"the response of {len(self.response)} characters: expected a range within it."
            )

    @property
    def span_text(self) -> str:
        return self.response[self.span_start : self.span_stop]


def span_tokens(texts: TokenTexts, start: int, stop: int) -> list[int]:
    """Indices of the tokens that overlap a span by at least one character.

    >>> texts = TokenTexts(texts=("It is", " Jane"), char_starts=(0, 5), char_stops=(5, 10),
    ...                    response="It is Jane")
    >>> span_tokens(texts, 6, 10)
    [1]
    """
    ranges = zip(texts.char_starts, texts.char_stops, strict=True)
    return [
        place
        for place, (first, last) in enumerate(ranges)
        if first < last and first < stop and last > start
    ]


def holders(phrase: str, responses: Sequence[str]) -> frozenset[int]:
    """Indices of the responses that contain a phrase as whole words, ignoring case."""
    return frozenset(
        index for index, response in enumerate(responses) if phrase_in(phrase, response)
    )


def relation(
    removed: frozenset[int],
    holding: frozenset[int],
    category: str | None,
    categories: Sequence[str | None],
) -> Relation:
    """Classify how removed instances relate to a phrase.

    Args:
        removed: indices of the removed instances.
        holding: indices of all instances whose responses contain the phrase.
        category: category of the question.
        categories: category of each instance.

    >>> relation(frozenset({0}), frozenset({0, 1}), "book", ["book", "film"]).value
    'verbatim'
    """
    if removed and removed == holding:
        return Relation.UNIQUE_VERBATIM if len(removed) == 1 else Relation.SHARED_GROUP
    if removed & holding:
        return Relation.VERBATIM
    if removed and category is not None and {categories[one] for one in removed} == {category}:
        return Relation.SAME_CATEGORY
    return Relation.OTHER
