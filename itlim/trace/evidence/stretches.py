"""Stretches of a response that occur verbatim in a dataset."""

import numpy as np

from itlim.trace.evidence.background import FloatArray
from itlim.trace.words.matching import Matches


def maximal_stretches(longest: np.ndarray) -> list[tuple[int, int]]:
    """Word ranges that occur verbatim and are not part of a longer such range.

    Args:
        longest: (q,) number of words matched from each position on.

    >>> maximal_stretches(np.array([2, 1, 0, 3, 2, 1]))
    [(0, 2), (3, 6)]
    """
    ends = np.arange(len(longest)) + longest
    before = np.concatenate([[0], ends[:-1]])
    starts = np.flatnonzero((longest > 0) & (ends > before))
    return [(int(start), int(ends[start])) for start in starts]


def rare_stretches(matches: Matches, surprisal: FloatArray) -> list[tuple[int, int, float]]:
    """Maximal stretches that are rarer than chance allows: first word, one past the last, nats."""
    gains = np.concatenate([[0.0], np.cumsum(surprisal)])
    least = np.log(max(len(matches.index.words), 2))
    found = []
    for start, stop in maximal_stretches(matches.longest):
        nats = float(gains[stop] - gains[start])
        if nats > least:
            found.append((start, stop, nats))
    return found
