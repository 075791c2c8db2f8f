"""Where the words of a text are, compiled for ASCII texts.

A trace looks up words in ten instances and in the response. `text.words` finds the same words, but
takes several times as long, and does not load numba.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from itlim.text import words as text_words
from itlim.trace.words.kernels import compiled


def word_offsets(text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Start and stop offsets (code points) of a text's words, both (n,) int64.

    >>> [offsets.tolist() for offsets in word_offsets("It's 1968.")]
    [[0, 5], [4, 9]]
    """
    if not text.isascii():
        return text_words.word_offsets(text)
    starts, stops = ascii_bounds(np.frombuffer(text.encode("ascii"), dtype=np.uint8))
    return starts, stops


def offsets_of_words(text: str, places: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Start and stop offsets (code points) of some words of a text.

    Args:
        text: a text.
        places: 0-based numbers of its words; those that it does not have are left out.

    >>> offsets_of_words("In 1968, Joe", [2, 0, 3])
    {2: (9, 12), 0: (0, 2)}
    """
    starts, stops = word_offsets(text)
    return {
        place: (int(starts[place]), int(stops[place])) for place in places if place < len(starts)
    }


@compiled
def ascii_bounds(letters: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], ...]:
    """The same for ASCII codes: letters and digits, and apostrophes between them."""
    n = letters.shape[0]
    is_part = np.zeros(n + 1, np.bool_)
    for place in range(n):
        code = letters[place]
        is_part[place] = 48 <= code <= 57 or 65 <= code <= 90 or 97 <= code <= 122
    starts = np.empty((n + 1) // 2, np.int64)
    stops = np.empty((n + 1) // 2, np.int64)
    found = 0
    place = 0
    while place < n:
        if not is_part[place]:
            place += 1
            continue
        starts[found] = place
        while is_part[place] or (letters[place] == 39 and is_part[place + 1]):
            place += 1
            if place == n:
                break
        stops[found] = place
        found += 1
    return starts[:found], stops[:found]
