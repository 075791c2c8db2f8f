"""Words that instances share, in any order, with the span and with the instruction.

Noisy copies preserve words rather than their order, and borrowed phrases come from instances
about similar concepts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from itlim.text.words import words
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.span_evidence import SpanEvidence
from itlim.trace.words import gathering
from itlim.trace.words.lexical_index import LexicalIndex


def span_coverage(
    evidence: Sequence[SpanEvidence],
    sources: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
) -> FloatArray:
    """Share of the best part's words that each instance contains, weighted by surprisal.

    Args:
        evidence: the span's evidence in each index.
        sources: (k,) index number of each instance.
        positions: (k,) its position in that index; each has evidence.

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
            shared = gathering.shared_weight(
                index.words,
                index.fields,
                positions[chosen],
                np.array(known, dtype=np.int32),
                np.array([total[word] for word in known], dtype=np.float64),
            )
            coverage[chosen] = shared / weight
    return coverage


def topic_overlap(
    indexes: Sequence[LexicalIndex],
    sources: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    instruction: str,
) -> FloatArray:
    """Share of the instruction's words, weighted by rarity, that each instance contains.

    The paper found that phrases are borrowed from instances about similar concepts. Embeddings
    measure that only roughly; shared rare words are more specific and need no encoder.

    Args:
        indexes: their summed counts give the rarity, ln(instances / document frequency).
        sources: (k,) index number of each instance.
        positions: (k,) its position in that index.
        instruction: the instruction that the response answers.

    Returns:
        (k,) 0 to 1; all 0 if no dataset contains a word of the instruction.
    """
    topic = _topic_words(tuple(indexes), instruction)
    overlap = np.zeros(len(positions))
    if not topic.total:
        return overlap
    for source, (index, (ids, rarity)) in enumerate(zip(indexes, topic.by_index, strict=True)):
        mine = np.flatnonzero(sources == source) if len(indexes) > 1 else slice(None)
        overlap[mine] = gathering.shared_weight(
            index.words, index.fields, positions[mine], ids, rarity
        )
    return overlap / topic.total


@dataclass(frozen=True, slots=True, kw_only=True)
class _TopicWords:
    """The distinct words of an instruction in each of several indexes."""

    by_index: tuple[tuple[npt.NDArray[np.int32], FloatArray], ...]
    """Ascending ids of the words that the index contains, and their rarity in nats."""
    total: float
    """Summed rarity of all words."""


# All spans of a response have the same instruction.
@lru_cache(maxsize=16)
def _topic_words(indexes: tuple[LexicalIndex, ...], instruction: str) -> _TopicWords:
    wanted = sorted(set(words(instruction)))
    ids = [index.ids(wanted) for index in indexes]
    frequency = np.sum(
        [index.frequency[np.maximum(found, 0)] for index, found in zip(indexes, ids, strict=True)],
        axis=0,
    )
    n_instances = sum(len(index.groups) for index in indexes)
    rarity = np.where(frequency > 0, np.log(n_instances / np.maximum(frequency, 1)), 0.0)
    by_index = []
    for found in ids:
        order = np.argsort(found)
        known = order[found[order] > 0]
        by_index.append((found[known], rarity[known]))
    return _TopicWords(by_index=tuple(by_index), total=float(rarity.sum()))


def _rarity_by_word(ids: npt.NDArray[np.int32], surprisal: FloatArray) -> dict[int, float]:
    """Summed surprisal per distinct word; words that the dataset lacks share the key -1."""
    total: dict[int, float] = {}
    for word, nats in zip(ids.tolist(), surprisal.tolist(), strict=True):
        total[word] = total.get(word, 0.0) + nats
    return total
