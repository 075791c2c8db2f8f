"""What is studied: phrases of a full model's answers, and how instances relate to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from itlim.errors import InputError
from itlim.records import TokenTexts
from itlim.text.phrases import phrase_in


class Relation(StrEnum):
    """How a set of removed instances relates to a phrase; the first that applies."""

    UNIQUE_VERBATIM = "unique_verbatim"
    """One instance, the only one whose response holds the phrase."""
    SHARED_GROUP = "shared_group"
    """All instances whose responses hold the phrase, two or more."""
    VERBATIM = "verbatim"
    """Some instance whose response holds the phrase; others stay, or more is removed."""
    SAME_CATEGORY = "same_category"
    """None that holds the phrase, but all are of the question's category."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One phrase of one answer of the full model of one tuning seed."""

    case_id: str
    seed: int
    split: str
    """Which questions it comes from, such as dev or test."""
    instruction: str
    category: str | None
    """Of the question, where the dataset has categories."""
    response: str
    span_start: int
    span_stop: int
    """Half-open, code points into `response`."""
    attribute: str
    """What the phrase answers; the demo's main slot is `answer`."""
    is_main: bool
    truth: str | None
    """What should stand there, if known."""
    probe: int
    """Which of the study's probes has this response."""

    def __post_init__(self) -> None:
        if not 0 <= self.span_start < self.span_stop <= len(self.response):
            raise InputError(
                f"Case {self.case_id}: span {self.span_start}:{self.span_stop} lies outside the "
                f"response of {len(self.response)} characters, or is empty."
            )

    @property
    def span_text(self) -> str:
        return self.response[self.span_start : self.span_stop]


def span_tokens(texts: TokenTexts, start: int, stop: int) -> list[int]:
    """Places of the tokens that have a character inside a span.

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
    """Indices of the responses in which a phrase stands as whole words, whatever the case."""
    return frozenset(
        index for index, response in enumerate(responses) if phrase_in(phrase, response)
    )


def relation(
    removed: frozenset[int],
    holding: frozenset[int],
    category: str | None,
    categories: Sequence[str | None],
) -> Relation:
    """How removed instances relate to a phrase.

    Args:
        removed: indices of the removed instances.
        holding: indices of all instances whose responses hold the phrase.
        category: of the question.
        categories: of each instance.

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
