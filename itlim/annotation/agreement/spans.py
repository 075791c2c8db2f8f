"""How far two annotators marked the same: F1 of tokens and of found spans, and overlap.

Spans and tokens are half-open code points of one response. Figures of several responses or
pairs of annotators are pooled: their counts are added, so that long responses count by length.
"""

from collections.abc import Sequence

import numpy as np

from itlim.errors import InputError
from itlim.records import BoolArray

Edges = tuple[int, int]

MATCHED_IOU = 0.5
"""Overlap from which on two spans count as the same find."""


def marked_tokens(tokens: Sequence[Edges], spans: Sequence[Edges]) -> BoolArray:
    """Which tokens share a code point with a span, (tokens,).

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
        pairs: what two annotators marked of one response, each (tokens,).

    Returns:
        In [0, 1]; the same whoever comes first; None if nobody marked a token.
    """
    both = sum(int(np.sum(one & other)) for one, other in pairs)
    total = sum(int(one.sum() + other.sum()) for one, other in pairs)
    return 2 * both / total if total else None


def iou(one: Edges, other: Edges) -> float:
    """Shared code points over all code points of two spans, in [0, 1].

    Raises:
        InputError: an empty span.

    >>> iou((5, 9), (7, 9))
    0.5
    """
    if one[0] >= one[1] or other[0] >= other[1]:
        raise InputError(f"Spans {one} and {other}: expected start < stop in both.")
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / ((one[1] - one[0]) + (other[1] - other[0]) - shared)


def matched(one: Sequence[Edges], other: Sequence[Edges]) -> list[float]:
    """Overlaps of the spans that both found: best pairs first, each span in one pair at most.

    Returns:
        IoUs of at least `MATCHED_IOU`, falling; the same whoever comes first.
    """
    pairs = [(iou(a, b), i, j) for i, a in enumerate(one) for j, b in enumerate(other)]
    close = [pair for pair in pairs if pair[0] >= MATCHED_IOU]
    # Equal overlaps in an order that does not depend on who is `one`.
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
    """F1 of matched spans and the mean IoU of those matched, pooled as for `token_f1`.

    Returns:
        (F1, mean IoU): None where there is no span, and where none matched.
    """
    overlaps = [value for one, other in pairs for value in matched(one, other)]
    total = sum(len(one) + len(other) for one, other in pairs)
    f1 = 2 * len(overlaps) / total if total else None
    return f1, (float(np.mean(overlaps)) if overlaps else None)
