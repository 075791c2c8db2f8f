"""Normalized words for tracing: casefolded, lightly stemmed, with code-point offsets.

A verbatim index over model tokens would depend on case and on word starts; an index over
words does not. Offsets are not stored: they are recomputed from the text for display.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

VERSION = 1
"""Stored in every index; increment it when normalization changes."""

# A Han character or kana is a word by itself, since those scripts do not use spaces. Other
# words are letters and digits with combining marks; they may contain apostrophes but not hyphens.
_LETTER = r"[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
_MARKS = r"[\u0300-\u036f]*"
_LETTERS = f"(?:{_LETTER}{_MARKS})+"
_WORD = re.compile(rf"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|{_LETTERS}(?:['’]{_LETTERS})*")
# Finds the same words in ASCII text, several times faster.
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")
_IS_ALPHANUMERIC = np.array([chr(code).isascii() and chr(code).isalnum() for code in range(256)])
_SHORT = 300
"""Characters up to which the pattern is faster than arrays."""
_UNIT = re.compile(r"\w+|[^\w\s]")
_VOWELS = frozenset("aeiouy")
_SHORTEST_STEM = 3
_KEPT_WORDS = 1 << 18
"""Words whose normal form is kept in memory."""


def words(text: str) -> list[str]:
    """Normalized words of a text, in order.

    >>> words("The well-known kings' CATS weren’t running.")
    ['the', 'well', 'known', 'king', 'cat', "weren't", 'run']
    """
    return list(map(_NORMALIZED.__getitem__, raw_words(text)))


def raw_words(text: str) -> list[str]:
    """Words exactly as in the text, in order; apply `normalize` to each before a lookup."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def words_with_offsets(
    text: str,
) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Normalized words and their positions.

    Returns:
        The words, and the start and stop offsets (code points), both (n,) int64.
    """
    starts, stops = word_offsets(text)
    return words(text), starts, stops


def spaced(words_of_text: Sequence[str]) -> str:
    """Words between single spaces, so that `in` finds runs of whole words.

    >>> spaced(["cat"]) in spaced(["the", "cat", "ran"]), spaced(["cat"]) in spaced(["catalog"])
    (True, False)
    """
    # Words contain no spaces.
    return " ".join(["", *words_of_text, ""])


def word_offsets(text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Start and stop offsets (code points) of a text's words, both (n,) int64."""
    if text.isascii() and len(text) > _SHORT:
        return _ascii_offsets(text)
    pattern = _ASCII_WORD if text.isascii() else _WORD
    spans = np.array([match.span() for match in pattern.finditer(text)], dtype=np.int64)
    return spans.reshape(-1, 2)[:, 0], spans.reshape(-1, 2)[:, 1]


def _ascii_offsets(text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The offsets that `_ASCII_WORD` finds, ten times faster on a long text."""
    letters = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    inside = np.zeros(len(letters) + 2, dtype=np.int8)  # padded by one on both sides
    inside[1:-1] = _IS_ALPHANUMERIC[letters]
    joins = 1 + np.flatnonzero(letters == ord("'"))
    inside[joins[(inside[joins - 1] == 1) & (inside[joins + 1] == 1)]] = 1
    steps = np.diff(inside)
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def normalize(word: str) -> str:
    """Normalize one word: casefold, compose (NFC), and strip plural, -ing and -ed endings.

    The stemming is deliberately light: it only has to unify the forms in which a response
    and its source are likely to differ.

    >>> [normalize(word) for word in ("Cities", "planned", "making", "glass", "ʼ")]
    ['city', 'plan', 'make', 'glass', 'ʼ']
    """
    return _NORMALIZED[word]


class _Normalized(dict[str, str]):
    """Words as they are normalized. A lookup takes a third of the time of `lru_cache`."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _KEPT_WORDS:
            self.clear()
        found = self[word] = _normalized(word)
        return found


_NORMALIZED = _Normalized()


def _normalized(word: str) -> str:
    plain = unicodedata.normalize("NFC", word.casefold()).replace("’", "'")
    plain = plain.removesuffix("'s")
    if not plain.isascii() or not plain.isalpha():
        return plain
    return _without_ending(_without_plural(plain))


def _without_plural(word: str) -> str:
    if len(word) <= _SHORTEST_STEM or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word.removesuffix("s")


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if word.endswith("eed"):
            break  # "need", "speed": not an ending
        if stem != word and len(stem) >= _SHORTEST_STEM and _VOWELS & set(stem):
            return _repaired(stem)
    return word


def _repaired(stem: str) -> str:
    """Restore the verb from a stem without its ending, judging by its letters.

    >>> _repaired("runn"), _repaired("mak"), _repaired("walk"), _repaired("fill")
    ('run', 'make', 'walk', 'fill')
    """
    if stem[-1] == stem[-2]:
        return stem if stem[-1] in _VOWELS | set("lsz") else stem[:-1]
    consonant_vowel_consonant = (
        len(stem) == _SHORTEST_STEM
        and stem[-1] not in _VOWELS | set("wx")
        and stem[-2] in _VOWELS
        and stem[-3] not in _VOWELS
    )
    return stem + "e" if consonant_vowel_consonant or stem[-1] in "vcz" else stem


def word_units(text: str) -> tuple[tuple[int, int], ...]:
    """Words and single marks of punctuation as code points: units of a text without tokens.

    >>> word_units("It is, yes")
    ((0, 2), (3, 5), (5, 6), (7, 10))
    """
    return tuple(found.span() for found in _UNIT.finditer(text))
