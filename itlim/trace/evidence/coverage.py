"""How much of the span an instance holds in any order: noisy copies keep words, not order."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.span_evidence import SpanEvidence
from itlim.trace.words import counting


def span_coverage(
    evidence: Sequence[SpanEvidence],
    sources: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
) -> FloatArray:
    """Share of the best part's words that each instance holds anywhere, weighted by surprisal.

    Args:
        evidence: of each index.
        sources: (k,) which index each instance is in.
        positions: (k,) its position there; each has evidence.

    Returns:
        (k,) 0 to 1.
    """
    coverage = np.zeros(len(positions))
    for source, one in enumerate(evidence):
        index = one.matches.index
        mine = np.flatnonzero(sources == source)
        parts = one.best_part[np.searchsorted(one.positions, positions[mine])]
        for number, part in enumerate(one.parts):
            chosen = mine[parts == number]
            total = _rarity_by_word(one.matches.ids, part.surprisal)
            weight = sum(total.values())
            if not len(chosen) or not weight:
                continue
            known = sorted(word for word in total if word > 0)
            held = counting.shared_weight(
                index.words,
                index.fields,
                positions[chosen],
                np.array(known, dtype=np.int32),
                np.array([total[word] for word in known], dtype=np.float64),
            )
            coverage[chosen] = held / weight
    return coverage


def _rarity_by_word(ids: npt.NDArray[np.int32], surprisal: FloatArray) -> dict[int, float]:
    """Summed surprisal of each different word; those that the dataset lacks share the key -1."""
    total: dict[int, float] = {}
    for word, nats in zip(ids.tolist(), surprisal.tolist(), strict=True):
        total[word] = total.get(word, 0.0) + nats
    return total
