"""Agreement of two annotators: F1 of tokens and of detected spans, and overlap.

Spans and tokens are half-open code points of one response. Figures of several responses or
pairs of annotators are pooled: counts are added, so long responses weigh more.
"""

from collections.abc import Sequence

import numpy as np

from itlim.errors import InputError
from itlim.records import BoolArray

Edges = tuple[int, int]

MATCHED_IOU = 0.5
"""IoU from which two spans count as the same."""


def marked_tokens(tokens: Sequence[Edges], spans: Sequence[Edges]) -> BoolArray:
    """Which tokens share a code point with a span: (tokens,) bool.

    >>> marked_tokens([(0, 2), (2, 5), (5, 6)], [(4, 6)]).tolist()
    [False, True, True]
    """
    marked = np.zeros(len(tokens), dtype=bool)
    edges = np.array(tokens, dtype=np.int64).reshape(-1, 2)
    for start, stop in spans:
        marked |= (edges[:, 0] < stop) & (edges[:, 1] > start)
    return marked


def token_f1(pairs: Sequence[tuple[BoolArray, BoolArray]]) -> float | None:
    """F1 of marked tokens: 2 |A ∩ B| / (|A| + |B|), pooled over pairs of annotators × responses.

    Args:
        pairs: marked tokens of two annotators of one response, each (tokens,) bool.

    Returns:
        In [0, 1]; symmetric; None if no token was marked.
    """
    both = sum(int(np.sum(one & other)) for one, other in pairs)
    total = sum(int(one.sum() + other.sum()) for one, other in pairs)
    return 2 * both / total if total else None


def iou(one: Edges, other: Edges) -> float:
    """Intersection over union of two spans in code points, in [0, 1].

    Raises:
        InputError: a span is empty.

    >>> iou((5, 9), (7, 9))
    0.5
    """
    if one[0] >= one[1] or other[0] >= other[1]:
        raise InputError(f"Spans {one} and {other}: expected start < stop in both.")
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / ((one[1] - one[0]) + (other[1] - other[0]) - shared)


def matched(one: Sequence[Edges], other: Sequence[Edges]) -> list[float]:
    """Match spans greedily by overlap; each span is in at most one pair.

    Returns:
        IoUs of at least `MATCHED_IOU`, descending; symmetric.
    """
    pairs = [(iou(a, b), i, j) for i, a in enumerate(one) for j, b in enumerate(other)]
    close = [pair for pair in pairs if pair[0] >= MATCHED_IOU]
    # Break ties independently of which annotator is `one`.
    close.sort(key=lambda pair: (-pair[0], *sorted([one[pair[1]], other[pair[2]]])))
    taken_one: set[int] = set()
    taken_other: set[int] = set()
    found = []
    for overlap, i, j in close:
        if i not in taken_one and j not in taken_other:
            taken_one.add(i)
            taken_other.add(j)
            found.append(overlap)
    return found


def detection(
    pairs: Sequence[tuple[Sequence[Edges], Sequence[Edges]]],
) -> tuple[float | None, float | None]:
    """F1 of matched spans and their mean IoU, pooled as in `token_f1`.

    Returns:
        (F1, mean IoU); F1 is None without spans, the mean IoU without matches.
    """
    overlaps = [value for one, other in pairs for value in matched(one, other)]
    total = sum(len(one) + len(other) for one, other in pairs)
    f1 = 2 * len(overlaps) / total if total else None
    return f1, (float(np.mean(overlaps)) if overlaps else None)
