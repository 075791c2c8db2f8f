"""A text by which it is known again, and its words where there are no tokens."""

import hashlib
import re

_WORD = re.compile(r"\w+|[^\w\s]")


def text_sha256(text: str) -> str:
    """64 hex digits of the text as UTF-8; what `Item.text_sha256` holds.

    >>> text_sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def words_of(text: str) -> tuple[tuple[int, int], ...]:
    """Words and single marks of punctuation as code points, for responses without tokens.

    >>> words_of("It is, yes")
    ((0, 2), (3, 5), (5, 6), (7, 10))
    """
    return tuple(found.span() for found in _WORD.finditer(text))
