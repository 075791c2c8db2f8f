"""Propose rephrased instructions for a person to read, edit and choose.

The proposals come from patterns of English, not from a model; a pattern that does not match gives
no proposal. In the paper, annotators wrote rephrasings by hand, to remove the concept that
instruction and source share (section 5, Appendix B).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from itlim.causality.rephrasing.questions import (
    ORDERS,
    as_question,
    capitalized,
    indirect,
    subject_first,
)
from itlim.text.words import normalize, raw_words, word_offsets
from itlim.trace.evidence.keywords import keywords

OWN_WORDS = "own words"
_STEM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rephrasing:
    """A proposed wording."""

    template: str
    """Name of the pattern."""
    text: str


def rephrasings(instruction: str, synonyms: Mapping[str, str] | None = None) -> list[Rephrasing]:
    """Rephrase an instruction with every pattern that matches, without duplicates.

    Args:
        instruction: the original instruction.
        synonyms: replacements for words of the instruction; words match in any inflected form.

    >>> [one.text for one in rephrasings("Who wrote Emma?")][:2]
    ['Tell me who wrote Emma.', 'Emma was written by whom?']
    """
    text = " ".join(instruction.split())
    if not text:
        return []
    proposed = [*_swapped(text, synonyms or {}), *_patterns(text)]
    seen = {_plain(text)}
    found = []
    for one in proposed:
        if _plain(one.text) not in seen:
            seen.add(_plain(one.text))
            found.append(one)
    return found


def shared_concept_words(
    instruction: str, other: str
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Ranges of the content words that two instructions share, in each instruction.

    Stop words are ignored. Two words match if their stems are equal, or if one stem of at least
    `_STEM` letters is a prefix of the other, as in "founded" and "founder".

    Returns:
        Half-open code-point ranges in the first and in the second text.

    >>> shared_concept_words("Who created Superman?", "Who is the creator of worlds?")
    ([(4, 11)], [(11, 18)])
    """
    mine, theirs = _content_words(instruction), _content_words(other)
    return (
        [place for word, place in mine if any(_alike(word, one) for one, _ in theirs)],
        [place for word, place in theirs if any(_alike(word, one) for one, _ in mine)],
    )


def _content_words(text: str) -> list[tuple[str, tuple[int, int]]]:
    starts, stops = word_offsets(text)
    placed = zip(raw_words(text), starts.tolist(), stops.tolist(), strict=True)
    return [(normalize(word), (start, stop)) for word, start, stop in placed if keywords(word)]


def _same(one: str, other: str) -> bool:
    """Whether two stems are equal, ignoring a final e that the light stemmer can leave."""
    return one.rstrip("e") == other.rstrip("e")


def _alike(one: str, other: str) -> bool:
    short, long = sorted((one.rstrip("e"), other.rstrip("e")), key=len)
    return _same(one, other) or (len(short) >= _STEM and long.startswith(short))


def _swapped(text: str, synonyms: Mapping[str, str]) -> Iterator[Rephrasing]:
    """The instruction with replaced words; each keeps the case of its first letter."""
    wanted = {normalize(old): new.strip() for old, new in synonyms.items() if new.strip()}
    starts, stops = word_offsets(text)
    changed, end = "", 0
    for word, start, stop in zip(raw_words(text), starts.tolist(), stops.tolist(), strict=True):
        stem = normalize(word)
        new = next((new for old, new in wanted.items() if _same(stem, old)), word)
        changed += text[end:start] + (capitalized(new) if word[0].isupper() else new)
        end = stop
    if wanted:
        yield Rephrasing(template="concept words swapped", text=changed + text[end:])


def _patterns(text: str) -> Iterator[Rephrasing]:
    before, last = _last_sentence(text)
    asked = as_question(last)
    if asked is not None:
        clause = indirect(asked)
        turned = subject_first(asked)
        if clause is not None:
            yield Rephrasing(template="as an order", text=f"{before}Tell me {clause}.")
        if turned is not None:
            yield Rephrasing(template="other word order", text=before + turned)
        formal = f"Could you please tell me {clause}?" if clause else f"May I ask: {asked}?"
        yield Rephrasing(template="more formal", text=before + formal)
        yield Rephrasing(template="as a question", text=f"{before}{capitalized(asked)}?")
        context = f"I am preparing a quiz. {before}{capitalized(asked)}?"
        yield Rephrasing(template="with context", text=context)
    elif text.split()[0].lower() in ORDERS:
        body = text[:1].lower() + text[1:].rstrip(" .!?")
        yield Rephrasing(template="as a question", text=f"Could you {body}?")
        yield Rephrasing(template="more formal", text=f"Please be so kind as to {body}.")
        yield Rephrasing(template="with context", text=f"This is for a friend of mine. {text}")
    elif text.isascii():
        yield Rephrasing(template="more formal", text=f"May I ask for your help? {text}")
        yield Rephrasing(template="with context", text=f"A friend would like to know: {text}")


def _last_sentence(text: str) -> tuple[str, str]:
    """The text before the last sentence, with its trailing space, and that sentence."""
    match = re.fullmatch(r"(?P<before>.+[.!?] )(?P<last>[^.!?]+[.!?]*)", text)
    return (match["before"], match["last"]) if match else ("", text)


def _plain(text: str) -> Sequence[str]:
    return tuple(word.casefold() for word in raw_words(text))
