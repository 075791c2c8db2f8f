"""The parts of a span that may have been borrowed on their own.

A user who marks a whole sentence often means one name in it. So a span is scored as a whole and
by its parts: its names and numbers, and its shifted words if token shifts are available. In a
longer span, words that also occur in the instruction or in the rest of the response belong to
the topic rather than to the borrowing, and count little.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.schema import ShiftCategory
from itlim.text.words import words, words_with_offsets
from itlim.trace.evidence.background import FloatArray

BoolArray = npt.NDArray[np.bool_]

TIGHT = 5
"""Length in words up to which a span is scored only as a whole, and no word is discounted."""
TOPIC_SHARE = 0.5
"""Prior probability that a word of a response repeats a word around it."""
WORD_CHANCE = 0.6
"""Nats by which each additional word of a span raises the evidence expected by chance. It is about
the slope of the median of the null (benchmarks), so that names and sentences are comparable."""
# The period of an initial ("J. K.") ends no sentence.
_SENTENCE_START = re.compile(r"(?:^|(?<!\b[A-Z])\.|[!?:\n\"“*•\-–])\s*$")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPart:
    """Words of a span that are scored together."""

    name: str
    """`span`, `names` or `shifted words`."""
    words: BoolArray
    """(q,) which words of the span belong to it."""

    @property
    def chance(self) -> float:
        """Nats to subtract, relative to a part without words."""
        return WORD_CHANCE * int(self.words.sum())


def span_parts(
    text: str,
    starts: npt.NDArray[np.int64],
    stops: npt.NDArray[np.int64],
    shifted: BoolArray | None = None,
) -> list[SpanPart]:
    """The parts of a span; the whole span comes first.

    Args:
        text: the response.
        starts: (q,) first code point of each word of the span.
        stops: (q,) one past its last.
        shifted: (q,) which of the words contain a shifted or marginal token.
    """
    whole = np.ones(len(starts), dtype=bool)
    parts = [SpanPart(name="span", words=whole)]
    if len(whole) <= TIGHT:
        return parts
    others = [("names", names(text, starts, stops))]
    if shifted is not None:
        others.append(("shifted words", shifted))
    for name, chosen in others:
        if chosen.any() and not chosen.all():
            parts.append(SpanPart(name=name, words=chosen))
    return parts


def names(text: str, starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> BoolArray:
    """Which words are names or numbers: capitalized inside a sentence, or with a digit.

    Args:
        text: the text that contains the words.
        starts: (q,) first code point of each word.
        stops: (q,) one past its last.

    >>> _, starts, stops = words_with_offsets("The film was made by Ann Lee in 1999.")
    >>> names("The film was made by Ann Lee in 1999.", starts, stops).tolist()
    [False, False, False, False, False, True, True, False, True]
    """
    found = np.zeros(len(starts), dtype=bool)
    for place, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        word = text[start:stop]
        capital = word[0].isupper() and not (
            start == 0 or _SENTENCE_START.search(text[max(0, start - 8) : start])
        )
        found[place] = capital or _DIGIT.search(word) is not None
    return found


def shifted_words(tokens: pa.Table, response: str) -> BoolArray:
    """Which words of a stored response contain a shifted or marginal token, (words,)."""
    _, starts, stops = words_with_offsets(response)
    found = np.zeros(len(starts), dtype=bool)
    columns = (tokens[name].to_pylist() for name in ("category", "char_start", "char_stop"))
    for category, first, last in zip(*columns, strict=True):
        if category != ShiftCategory.UNSHIFTED:
            found |= (starts < last) & (stops > first)
    return found


def topic_surprisal(
    instruction: str, response_words: Sequence[str], first: int, last: int
) -> FloatArray | None:
    """Surprisal of a span's words as repetitions of the words around the span, in nats.

    A phrase of two or more words that the response repeats is no topic but the same phrase again:
    its other occurrences do not count.

    Args:
        instruction: the instruction that the response answers.
        response_words: normalized words of the whole response.
        first: first word of the span.
        last: one past its last word.

    Returns:
        (q,) −ln(TOPIC_SHARE · share of the word among all words of the instruction and of the rest
        of the response), infinite if it occurs in neither; None for a span of up to `TIGHT` words.
    """
    if last - first <= TIGHT:
        return None
    every = tuple(response_words)
    span = every[first:last]
    phrases = set(pairwise(span))
    asked = _words_of(instruction)
    places = _places_by_word(every)
    n_around = len(asked) + len(every) - len(span)
    counts = {}
    for word in set(span):
        outside = [place for place in places[word] if not first <= place < last]
        repeated = sum(_is_in_phrase(every, place, first, last, phrases) for place in outside)
        counts[word] = len(outside) - repeated + asked.count(word)
        n_around -= repeated
    shares = np.array([counts[word] for word in span]) / max(n_around, 1)
    with np.errstate(divide="ignore"):
        return -np.log(TOPIC_SHARE * shares)


# All parts and units of a response have the same words around them.
@lru_cache(maxsize=16)
def _words_of(instruction: str) -> tuple[str, ...]:
    return tuple(words(instruction))


@lru_cache(maxsize=16)
def _places_by_word(response_words: tuple[str, ...]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(response_words):
        places.setdefault(word, []).append(place)
    return places


def _is_in_phrase(
    response_words: tuple[str, ...],
    place: int,
    first: int,
    last: int,
    phrases: set[tuple[str, str]],
) -> bool:
    """Whether a word outside the span is part of one of the two-word phrases."""
    for begin in (place - 1, place):
        is_outside = 0 <= begin < first - 1 or last <= begin < len(response_words) - 1
        if is_outside and (response_words[begin], response_words[begin + 1]) in phrases:
            return True
    return False


def repeat_surprisal(span_words: Sequence[str]) -> FloatArray:
    """Surprisal of a span's words as repetitions of earlier words of the span, in nats.

    A dataset that contains "ha ha ha" does not make more repetitions of one word more surprising.

    Returns:
        (q,) −ln(TOPIC_SHARE · earlier occurrences of the word / earlier words), infinite at its
        first occurrence.

    >>> repeat_surprisal(["ha", "ha", "oh", "ha"]).round(2).tolist()
    [inf, 0.69, inf, 1.1]
    """
    found = np.full(len(span_words), np.inf)
    seen: Counter[str] = Counter()
    for place, word in enumerate(span_words):
        if seen[word]:
            found[place] = -np.log(TOPIC_SHARE * seen[word] / place)
        seen[word] += 1
    return found
