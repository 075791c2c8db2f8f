"""Keyword presence: how many of a response's keywords stand in an instance (paper, D.1).

The paper extracts 1- to 3-gram keywords "using Spacy" and says no more. Here a keyword is a
token of spaCy's blank English tokenizer, lower-cased, that is no stop word and holds a letter
or a digit; an n-gram is n keywords that follow one another once the rest is left out; each
counts once. The paper's trained spaCy model is no registry package: a deviation.

D.1's 61.6% is about whole responses. To rank the candidates of one span, the span's own
keywords are looked for: those of the rest would say the same of every span.
"""

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST_NGRAM = 3
_MARKS = frozenset(",;:!?")

Ngrams = tuple[frozenset[tuple[str, ...]], ...]
"""The distinct 1-, 2- and 3-grams."""


def keywords(text: str) -> list[str]:
    """Keywords in the order in which they stand.

    >>> keywords("The Persistence of Memory wasn't painted by Pablo Picasso.")
    ['persistence', 'memory', 'painted', 'pablo', 'picasso']
    """
    return [word for chunk in text.split() for word in _keywords_of_chunk(chunk)]


def keyword_ngrams(text: str) -> Ngrams:
    """Distinct n-grams of a text's keywords, for n from 1 to LONGEST_NGRAM."""
    found = keywords(text)
    return tuple(
        frozenset(zip(*(found[start:] for start in range(n)), strict=False))
        for n in range(1, LONGEST_NGRAM + 1)
    )


def keyword_presence(text: str, instances: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Share of a text's keyword n-grams that stand in each instance, averaged over n.

    A text of fewer than three keywords has no 3-grams: the mean is over the n it has.

    Args:
        text: a span to rank its candidates, or a whole response for D.1's figure.
        instances: each the instruction, input and response of an instance in one.

    Returns:
        (k,) shares from 0 to 1; None if the text holds no keyword at all.
    """
    wanted = [ngrams for ngrams in keyword_ngrams(text) if ngrams]
    if not wanted:
        return None
    shares = np.empty(len(instances))
    for row, instance in enumerate(instances):
        held = _held(wanted, keywords(instance))
        shares[row] = np.mean([held[n] / len(ngrams) for n, ngrams in enumerate(wanted)])
    return shares


def _held(wanted: Sequence[frozenset[tuple[str, ...]]], found: Sequence[str]) -> list[int]:
    """How many of the 1-, 2- and 3-grams stand in the keywords, without listing all of theirs."""
    single = {word for (word,) in wanted[0]}
    places = [place for place, word in enumerate(found) if word in single]
    return [
        len(ngrams & {tuple(found[place : place + n]) for place in places})
        for n, ngrams in enumerate(wanted, start=1)
    ]


# spaCy takes white space for a boundary whatever stands around it, so what one chunk gives
# can be kept: 20 times faster than its own tokenizer on whole texts.
@lru_cache(maxsize=1 << 18)
def _keywords_of_chunk(chunk: str) -> tuple[str, ...]:
    tokenizer = _tokenizer()
    word = _before_mark(chunk)
    if word.isascii() and word.isalpha() and not {word, chunk} & tokenizer.rules.keys():
        # Plain letters are one token, except for the rules' "cannot" and the like.
        lower = word.lower()
        return () if lower in _stop_words() else (lower,)
    with _lock:
        return tuple(
            token.lower_
            for token in tokenizer(chunk)
            if not token.is_stop and any(map(str.isalnum, token.text))
        )


def _before_mark(chunk: str) -> str:
    """The chunk without one closing mark that spaCy always splits off; a stop only after a
    small letter, as others may be initials."""
    if chunk[-1:] in _MARKS or (chunk[-1:] == "." and chunk[-2:-1].islower()):
        return chunk[:-1]
    return chunk


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    # Late: spaCy takes two seconds to import, as it imports torch.
    from spacy.lang.en import English

    return English().tokenizer


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    from spacy.lang.en import English

    return frozenset(English.Defaults.stop_words)
