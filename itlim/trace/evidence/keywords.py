"""Keyword presence: how many of a response's keywords occur in an instance (paper, D.1).

The paper extracts 1- to 3-gram keywords "using Spacy" without further detail. Here a keyword is
a lower-cased token of spaCy's blank English tokenizer that is not a stop word and contains a
letter or a digit. An n-gram is n consecutive keywords after all other tokens are removed; each
distinct n-gram counts once. This deviates from the paper, because trained spaCy models are not
on PyPI.

The 61.6% in D.1 refers to whole responses. To rank the candidates of one span, only the span's
own keywords count: those of the rest of the response would be the same for every span.
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST_NGRAM = 3
_LETTERS = frozenset(ascii_lowercase)
_OPENING = '("['
_CLOSING = frozenset(',;:!?)"]')
# The same parts as those of `str.split`.
_CHUNK = re.compile(r"\S+")

Ngram = tuple[str, ...]
Ngrams = tuple[frozenset[Ngram], ...]
"""The distinct 1-, 2- and 3-grams."""


def keywords(text: str) -> list[str]:
    """Keywords of a text, in order.

    >>> keywords("The Persistence of Memory wasn't painted by Pablo Picasso.")
    ['persistence', 'memory', 'painted', 'pablo', 'picasso']
    """
    return [word for chunk in text.split() for word in _keywords_of_chunk(chunk)]


@lru_cache(maxsize=64)
def keyword_ngrams(text: str) -> Ngrams:
    """Distinct n-grams of a text's keywords, for n from 1 to LONGEST_NGRAM."""
    return _ngrams(text)


def _ngrams(text: str) -> Ngrams:
    found = keywords(text)
    return tuple(
        frozenset(zip(*(found[start:] for start in range(n)), strict=False))
        for n in range(1, LONGEST_NGRAM + 1)
    )


def keyword_presence(text: str, instances: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Share of a text's keyword n-grams that occur in each instance, averaged over n.

    A text of fewer than three keywords has no 3-grams: the mean is over the n that it has.

    Args:
        text: a span, to rank its candidates; or a whole response, as in D.1.
        instances: the text of each instance: instruction, input and response, joined.

    Returns:
        (k,) shares from 0 to 1; None if the text contains no keyword.
    """
    totals = [len(ngrams) for ngrams in keyword_ngrams(text) if ngrams]
    if not totals:
        return None
    wanted = _wanted(text)
    shares = np.zeros(len(instances))
    for row, instance in enumerate(instances):
        for total, count in zip(totals, _count_present(wanted, instance), strict=False):
            shares[row] += count / total
    return shares / len(totals)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WantedWord:
    """A keyword of a text, and what to look for where it occurs."""

    text: str
    ngrams: tuple[tuple[Ngram, frozenset[str]], ...]
    """The text's n-grams that begin with it, and the words of each."""
    is_whole: bool
    """Whether it is a token only where no letter precedes or follows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The keywords of a text; all candidates of a span have the same."""

    words: tuple[_WantedWord, ...]
    is_ascii: bool


@lru_cache(maxsize=64)
def _wanted(text: str) -> _Wanted:
    ngrams = keyword_ngrams(text)
    words = tuple(
        _WantedWord(
            text=word,
            ngrams=tuple(
                (one, frozenset(one)) for same_n in ngrams for one in same_n if one[0] == word
            ),
            is_whole=_is_whole_word(word),
        )
        for (word,) in ngrams[0]
    )
    return _Wanted(words=words, is_ascii=all(word.text.isascii() for word in words))


def _count_present(wanted: _Wanted, text: str) -> list[int]:
    """How many of the 1-, 2- and 3-grams occur in a text."""
    counts = [0] * LONGEST_NGRAM
    lowered = text.lower()
    if len(lowered) != len(text) or not wanted.is_ascii:
        # Lower-casing moves the words, or depends on the letters around them.
        inside = _ngrams(text)
        for word in wanted.words:
            for ngram, _ in word.ngrams:
                counts[len(ngram) - 1] += ngram in inside[len(ngram) - 1]
        return counts
    present = [
        (word, offsets)
        for word in wanted.words
        if word.text in lowered and (offsets := _places(word, lowered))
    ]
    known = {word.text for word, _ in present}
    for word, offsets in present:
        # An n-gram can only occur if all its words do.
        missing = {one for one, its_words in word.ngrams if its_words <= known}
        for place in offsets:
            if not missing:
                break
            found = missing & _beginning_with(word.text, text, place, max(map(len, missing)))
            missing -= found
            for ngram in found:
                counts[len(ngram) - 1] += 1
    return counts


def _beginning_with(word: str, text: str, place: int, longest: int) -> set[Ngram]:
    """The n-grams of up to `longest` keywords that begin with a word of the chunk at `place`."""
    begin = place
    while begin and not text[begin - 1].isspace():
        begin -= 1
    chunks = _CHUNK.finditer(text, begin)
    nearby = [*_keywords_of_chunk(next(chunks)[0])]
    starts = [start for start, one in enumerate(nearby) if one == word]
    while starts and len(nearby) < starts[-1] + longest and (more := next(chunks, None)):
        nearby += _keywords_of_chunk(more[0])
    return {
        tuple(nearby[start : start + n])
        for start in starts
        for n in range(1, min(longest, len(nearby) - start) + 1)
    }


def _places(word: _WantedWord, lowered: str) -> list[int]:
    """Offsets of a word's letters in a lower-cased text where it may be a token."""
    offsets = []
    place = lowered.find(word.text)
    while place >= 0:
        stop = place + len(word.text)
        around = lowered[place - 1 : place] + lowered[stop : stop + 1]
        if not word.is_whole or _LETTERS.isdisjoint(around):
            offsets.append(place)
        place = lowered.find(word.text, stop if word.is_whole else place + 1)
    return offsets


def _is_whole_word(word: str) -> bool:
    """Whether the word is a token only where no letter precedes or follows it.

    spaCy separates letters from letters only in its special cases, such as "can" in "cannot".
    """
    return word.isascii() and word.isalpha() and word not in _special_tokens()


@lru_cache(maxsize=1)
def _special_tokens() -> frozenset[str]:
    """Lower-cased parts of the tokenizer's special cases."""
    return frozenset(
        str(part).lower()
        for parts in _tokenizer().rules.values()
        for token in parts
        for part in token.values()
    )


# spaCy always splits at white space, whatever the context, so the result of each chunk can be
# cached: 20 times faster than running its tokenizer on whole texts.
@lru_cache(maxsize=1 << 18)
def _keywords_of_chunk(chunk: str) -> tuple[str, ...]:
    if (word := _plain_word(chunk)) is not None:
        lower = word.lower()
        return () if lower in _stop_words() else (lower,)
    with _lock:
        return tuple(
            token.lower_
            for token in _tokenizer()(chunk)
            if not token.is_stop and any(map(str.isalnum, token.text))
        )


def _plain_word(chunk: str) -> str | None:
    """The only token with a letter or digit, if that is plain without running the tokenizer.

    Plain are letters alone and digits alone, between marks that spaCy always splits off. A period
    is split off after a lower-case letter; other periods may belong to initials. The tokenizer's
    special cases, such as "cannot" and "Mr.", are not plain, at whatever step they appear.
    """
    word = chunk.lstrip(_OPENING)
    n_opening = len(chunk) - len(word)
    while word[-1:] in _CLOSING or (word[-1:] == "." and word[-2:-1].islower()):
        word = word[:-1]
    if not (word.isascii() and (word.isalpha() or word.isdigit())):
        return None
    stops = range(n_opening + len(word), len(chunk) + 1)
    steps = {chunk[start:stop] for start in range(n_opening + 1) for stop in stops}
    return None if steps & _tokenizer().rules.keys() else word


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    # Imported late: spaCy takes two seconds to import, as it imports torch.
    from spacy.lang.en import English

    return English().tokenizer


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    from spacy.lang.en import English

    return frozenset(English.Defaults.stop_words)
