"""Function words of languages other than English, which an English dataset makes look rare.

A few instances in French are enough that "au nord de la" matches, and by the counts of an English
dataset each of its words is a surprise. So a function word of the span's own language counts as
common.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from itlim.text.words import normalize, words
from itlim.trace.evidence.background import FloatArray

FUNCTION_WORD = 0.7
"""Nats of a function word of the span's language: about those of "of the" in English."""
MIN_HITS = 2
"""Minimum number of a language's function words for a span to be in that language."""
FUNCTION_WORDS_FILE = Path(__file__).with_name("function_words.json")
_ENGLISH = "en"


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Normalized function words by language code: the stop words of spaCy (MIT license)."""
    lists: dict[str, list[str]] = json.loads(FUNCTION_WORDS_FILE.read_text(encoding="utf-8"))
    return {
        language: frozenset(map(normalize, words(" ".join(listed))))
        for language, listed in lists.items()
    }


def foreign_surprisal(span_words: Sequence[str]) -> FloatArray:
    """Surprisal of the function words of a span that is in another language than English.

    Args:
        span_words: normalized words.

    Returns:
        (q,) nats; infinite for all other words, and for all words of an English span.

    >>> foreign_surprisal("le lac est au nord de la ville".split()).tolist()
    [0.7, inf, 0.7, 0.7, inf, 0.7, 0.7, inf]
    """
    counts = Counter(
        language for word in span_words for language in _languages_by_word().get(word, ())
    )
    most = max(counts.values(), default=0)
    if most < MIN_HITS or counts[_ENGLISH] == most:
        return np.full(len(span_words), np.inf)
    language = next(one for one in function_words() if counts[one] == most)
    listed = function_words()[language]
    return np.array([FUNCTION_WORD if word in listed else np.inf for word in span_words])


@cache
def _languages_by_word() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for language, listed in function_words().items():
        for word in listed:
            found.setdefault(word, []).append(language)
    return found
