"""Rank instances by a weighted sum of log-scores, not of ranks.

Reciprocal ranks would discard the margin of the best instance; a sum of evidence in nats and
weighted similarities keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itlim.records import Weights
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.shared_words import span_coverage, topic_overlap
from itlim.trace.evidence.span_evidence import Response, SpanEvidence
from itlim.trace.index.index import TraceIndex
from itlim.trace.meaning.encoder import get_encoder
from itlim.trace.meaning.vectors import VectorIndex, pair_text

MAX_RANKED = 2000
"""Number of instances with the most evidence whose similarities are computed."""
EQUIVALENT = 1.0
"""Largest difference in nats at which two instances explain a span equally well."""


@dataclass(slots=True, kw_only=True)
class Ranked:
    """Instances of all indexes, best first, before their texts are read."""

    sources: npt.NDArray[np.int64]
    """(k,) index number of each instance."""
    positions: npt.NDArray[np.int64]
    """(k,) its position in that index."""
    nats: FloatArray
    concept: FloatArray | None
    """(k,) cosines of the instructions; None if ranked by words alone."""
    pair: FloatArray | None
    """(k,) the same for instruction, input and response together (paper, D.1)."""
    topic: FloatArray
    coverage: FloatArray
    scores: FloatArray

    def reordered(self, order: npt.NDArray[np.int64]) -> "Ranked":
        return Ranked(
            sources=self.sources[order],
            positions=self.positions[order],
            nats=self.nats[order],
            concept=None if self.concept is None else self.concept[order],
            pair=None if self.pair is None else self.pair[order],
            topic=self.topic[order],
            coverage=self.coverage[order],
            scores=self.scores[order],
        )


def ranked_by_evidence(
    indexes: Sequence[TraceIndex],
    evidence: Sequence[SpanEvidence],
    response: Response,
    weights: Weights,
    *,
    lexical_only: bool,
    max_ranked: int = MAX_RANKED,
) -> Ranked:
    """Rank the instances of all indexes by evidence, shared words and, if possible, meaning.

    Only the `max_ranked` instances with the most evidence are ranked.
    """
    sources = np.concatenate([np.full(len(one.nats), i) for i, one in enumerate(evidence)])
    positions = np.concatenate([one.positions for one in evidence])
    nats = np.concatenate([one.nats for one in evidence])
    # Stable, so that equal instances keep the dataset's order.
    best = np.argsort(-nats, kind="stable")[:max_ranked]
    chosen = sources[best].astype(np.int64), positions[best].astype(np.int64)
    topic = topic_overlap([index.lexical for index in indexes], *chosen, response.instruction)
    coverage = span_coverage(evidence, *chosen)
    found = Ranked(
        sources=chosen[0],
        positions=chosen[1],
        nats=nats[best],
        concept=None,
        pair=None,
        topic=topic,
        coverage=coverage,
        scores=weights.evidence * nats[best] + weights.topic * topic + weights.coverage * coverage,
    )
    if not lexical_only:
        instruction, pair = encoded_texts(response.instruction, response.text)
        instructions = [index.instruction_vectors for index in indexes]
        found.concept = _cosines(indexes, found, instructions, instruction)
        pairs = [index.pair_vectors for index in indexes]
        found.pair = _cosines(indexes, found, pairs, pair)
        found.scores = found.scores + weights.concept * found.concept + weights.d1 * found.pair
    return found.reordered(np.argsort(-found.scores, kind="stable"))


def encoded_texts(instruction: str, response: str) -> tuple[str, str]:
    """The texts that ranking encodes: the instruction, and instruction and response together.

    Both are the same for every span of a response.
    """
    return instruction, pair_text(instruction, "", response)


def warm_meaning(indexes: Sequence[TraceIndex], *, instruction: str, response: str) -> None:
    """Do in advance what makes the first ranking by meaning slow: open vectors, encode texts.

    Args:
        indexes: the indexes to trace in; a lexical-only index needs no preparation.
        instruction: the instruction that the response answers.
        response: the whole response.

    Raises:
        IndexFolderError: a file of vectors is damaged, or the encoder has changed.
        EncoderError: the encoder cannot be loaded.
    """
    texts = encoded_texts(instruction, response)
    for index in indexes:
        if index.instruction_vectors is not None and index.pair_vectors is not None:
            get_encoder(index.encoder).warm(texts)


def _cosines(
    indexes: Sequence[TraceIndex], found: Ranked, vectors: list[VectorIndex | None], text: str
) -> FloatArray:
    """(k,) cosine of each instance's vector and a text's; all indexes have vectors."""
    cosines = np.zeros(len(found.positions))
    for source, (index, index_vectors) in enumerate(zip(indexes, vectors, strict=True)):
        mine = found.sources == source
        if index_vectors is not None and mine.any():
            query = get_encoder(index.encoder).vector(text)
            cosines[mine] = index_vectors.cosines(found.positions[mine], query)
    return cosines


def entropy(scores: FloatArray) -> float:
    """Entropy of the softmax of the scores, in nats.

    >>> round(entropy(np.array([3.0, 3.0])), 3), entropy(np.array([]))
    (0.693, 0.0)
    """
    if not len(scores):
        return 0.0
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    return float(-np.sum(shares * np.log(shares, where=shares > 0, out=np.zeros_like(shares))))
