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
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST_NGRAM = 3
_MARKS = frozenset(",;:!?")
# The same parts as those of `str.split`.
_CHUNK = re.compile(r"\S+")

Ngrams = tuple[frozenset[tuple[str, ...]], ...]
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
    wanted = [ngrams for ngrams in keyword_ngrams(text) if ngrams]
    if not wanted:
        return None
    shares = np.empty(len(instances))
    for row, instance in enumerate(instances):
        counts = _count_present(wanted, instance)
        shares[row] = sum(counts[n] / len(ngrams) for n, ngrams in enumerate(wanted)) / len(wanted)
    return shares


def _count_present(wanted: Sequence[frozenset[tuple[str, ...]]], text: str) -> list[int]:
    """How many of the 1-, 2- and 3-grams occur in a text, which is tokenized only around them."""
    found: list[set[tuple[str, ...]]] = [set() for _ in wanted]
    done = 0
    for place in _places(wanted[0], text):
        if place < done:
            continue
        begin = place
        while begin > done and not text[begin - 1].isspace():
            begin -= 1
        chunks = _CHUNK.finditer(text, begin)
        chunk = next(chunks)
        done = chunk.end()
        nearby = list(_keywords_of_chunk(chunk[0]))
        for start in [start for start, word in enumerate(nearby) if (word,) in wanted[0]]:
            # An n-gram begins with the shorter ones, so what follows is read only if needed.
            for n, ngrams in enumerate(wanted, start=1):
                while len(nearby) < start + n and (more := next(chunks, None)):
                    nearby += _keywords_of_chunk(more[0])
                ngram = tuple(nearby[start : start + n])
                if ngram not in ngrams:
                    break
                found[n - 1].add(ngram)
    return list(map(len, found))


def _places(words: frozenset[tuple[str, ...]], text: str) -> list[int]:
    """Ascending offsets of the words' letters in a text; all chunks if it is not ASCII."""
    if not text.isascii():
        # Lower-casing a whole text may differ from lower-casing its tokens.
        return [chunk.start() for chunk in _CHUNK.finditer(text)]
    lowered = text.lower()
    places = []
    for (word,) in words:
        place = lowered.find(word)
        while place >= 0:
            places.append(place)
            place = lowered.find(word, place + 1)
    return sorted(places)


# spaCy always splits at white space, whatever the context, so the result of each chunk can be
# cached: 20 times faster than running its tokenizer on whole texts.
@lru_cache(maxsize=1 << 18)
def _keywords_of_chunk(chunk: str) -> tuple[str, ...]:
    tokenizer = _tokenizer()
    word = _before_mark(chunk)
    if word.isascii() and word.isalpha() and not {word, chunk} & tokenizer.rules.keys():
        # Plain letters are one token, except for special cases such as "cannot".
        lower = word.lower()
        return () if lower in _stop_words() else (lower,)
    with _lock:
        return tuple(
            token.lower_
            for token in tokenizer(chunk)
            if not token.is_stop and any(map(str.isalnum, token.text))
        )


def _before_mark(chunk: str) -> str:
    """The chunk without one trailing punctuation mark that spaCy always splits off.

    A period counts only after a lower-case letter; other periods may belong to initials.
    """
    if chunk[-1:] in _MARKS or (chunk[-1:] == "." and chunk[-2:-1].islower()):
        return chunk[:-1]
    return chunk


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
