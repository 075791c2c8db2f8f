"""Which words instances share in any order: with the span, and with the instruction.

Noisy copies keep words rather than their order, and borrowed phrases come from instances on
similar concepts.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itlim.text.words import words
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.span_evidence import SpanEvidence
from itlim.trace.words import gathering
from itlim.trace.words.lexical import LexicalIndex


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
            held = gathering.shared_weight(
                index.words,
                index.fields,
                positions[chosen],
                np.array(known, dtype=np.int32),
                np.array([total[word] for word in known], dtype=np.float64),
            )
            coverage[chosen] = held / weight
    return coverage


def topic_overlap(
    indexes: Sequence[LexicalIndex],
    sources: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    instruction: str,
) -> FloatArray:
    """Share of the instruction's words, weighted by rarity, that instances hold anywhere.

    The paper found phrases to be borrowed from instances on similar concepts. Embeddings tell
    that roughly; a rare word that both share tells it sharply, and takes no encoder.

    Args:
        indexes: their counts make one rarity, ln(instances / document frequency).
        sources: (k,) which index each instance is in.
        positions: (k,) its position there.
        instruction: what was asked.

    Returns:
        (k,) 0 to 1; all 0 where no dataset knows a word of the instruction.
    """
    asked = sorted(set(words(instruction)))
    ids = [index.ids(asked) for index in indexes]
    frequency = np.sum(
        [index.frequency[np.maximum(found, 0)] for index, found in zip(indexes, ids, strict=True)],
        axis=0,
    )
    total = sum(len(index.groups) for index in indexes)
    rarity = np.where(frequency > 0, np.log(total / np.maximum(frequency, 1)), 0.0)
    overlap = np.zeros(len(positions))
    if not rarity.sum():
        return overlap
    for source, (index, found) in enumerate(zip(indexes, ids, strict=True)):
        mine = sources == source
        order = np.argsort(found)
        known = order[found[order] > 0]
        overlap[mine] = gathering.shared_weight(
            index.words, index.fields, positions[mine], found[known], rarity[known]
        )
    return overlap / rarity.sum()


def _rarity_by_word(ids: npt.NDArray[np.int32], surprisal: FloatArray) -> dict[int, float]:
    """Summed surprisal of each different word; those that the dataset lacks share the key -1."""
    total: dict[int, float] = {}
    for word, nats in zip(ids.tolist(), surprisal.tolist(), strict=True):
        total[word] = total.get(word, 0.0) + nats
    return total
