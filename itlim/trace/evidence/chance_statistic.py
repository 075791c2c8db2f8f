"""How far the best instance stands out: the statistic whose chance is told.

Most instances are not the source, so how well the better of them match tells what chance
reaches for these very words. The third is taken, so that a name which two instances share
stands out as well; exact copies count as one. On the constructed dev cases this finds more
borrowings at p < .05 than the best evidence alone (fragments 79% against 71%, rare names held
twice 89% against 46%).
"""

import numpy as np
import numpy.typing as npt

from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.topic import topic_overlap
from itlim.trace.words.lexical import LexicalIndex

TOPIC_NATS = 4.0
"""What sharing all of the instruction's words adds."""
RIVAL = 3
"""Which instance of different content the best one is compared with, by rank."""
RIVAL_SHARE = 0.6
_COMPARED = 60


def prominence(
    index: LexicalIndex,
    positions: npt.NDArray[np.int64],
    nats: FloatArray,
    instruction: str,
) -> float:
    """Evidence and topic of the best instance, less a share of the third's.

    Args:
        index: holds the instances.
        positions: (k,) instances with evidence for a span.
        nats: (k,) their evidence.
        instruction: what the response answers.

    Returns:
        Nats; 0 if no instance has evidence.
    """
    best = np.argsort(-nats, kind="stable")[:_COMPARED]
    if not len(best):
        return 0.0
    topic = topic_overlap([index], np.zeros(len(best), np.int64), positions[best], instruction)
    scores = nats[best] + TOPIC_NATS * topic
    order = np.argsort(-scores, kind="stable")
    _, firsts = np.unique(index.groups[positions[best[order]]], return_index=True)
    scores = scores[order[np.sort(firsts)]]
    rival = scores[RIVAL - 1] if len(scores) >= RIVAL else 0.0
    return float(scores[0] - RIVAL_SHARE * rival)
