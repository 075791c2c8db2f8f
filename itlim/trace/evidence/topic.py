"""Whether an instance speaks of what was asked: shared words of the instruction."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itlim.text.words import words
from itlim.trace.evidence.background import FloatArray
from itlim.trace.words import counting
from itlim.trace.words.lexical import LexicalIndex


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
        overlap[mine] = counting.shared_weight(
            index.words, index.fields, positions[mine], found[known], rarity[known]
        )
    return overlap / rarity.sum()
