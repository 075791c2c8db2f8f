"""Boundaries of the words of a response, to which marks snap."""

import re
import unicodedata

TextRange = tuple[int, int]
"""Half-open [start, stop) in code points."""

_PIECE = re.compile(r"\w+|[^\w\s]")
_JOINERS = frozenset("\u200c\u200d")
_ZERO_WIDTH_JOINER = "\u200d"


def word_ranges(text: str) -> list[TextRange]:
    r"""Words, and other visible characters as separate ranges, in text order.

    A combining mark belongs to its letter, and an emoji of several code points is one word,
    so that no word ends in the middle of a character.

    >>> word_ranges("It's 1.5 km")
    [(0, 2), (2, 3), (3, 4), (5, 6), (6, 7), (7, 8), (9, 11)]
    >>> word_ranges("cafe\u0301s \U0001f469\u200d\U0001f467")
    [(0, 6), (7, 10)]
    """
    words: list[TextRange] = []
    for found in _PIECE.finditer(text):
        if words and words[-1][1] == found.start() and _continues(text, *words[-1]):
            words[-1] = (words[-1][0], found.end())
        else:
            words.append(found.span())
    return words


def _continues(text: str, start: int, stop: int) -> bool:
    """Whether the piece that begins at `stop` belongs to the word [start, stop)."""
    last, first = text[stop - 1], text[stop]
    if _extends(first) or last == _ZERO_WIDTH_JOINER:
        return True
    if _is_regional(first) and _is_regional(last):
        return stop - start == 1  # a flag is a pair of them
    return _extends(last) and _is_letter(first) and _is_letter(text[start])


def _extends(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character).startswith("M")
        or character in _JOINERS
        or 0x1F3FB <= code <= 0x1F3FF  # skin tones
        or 0xE0020 <= code <= 0xE007F  # tags that spell the flags of regions
    )


def _is_regional(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"
