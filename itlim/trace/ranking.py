"""From evidence to ranked candidates: log-scores are added, never ranks.

Reciprocal ranks would throw away how much better the best is; evidence in nats and a
small weight on similar concepts keep it.
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
from itlim.trace.meaning.encoder import encoder_named
from itlim.trace.meaning.vectors import VectorIndex, pair_text

CONSIDERED = 2000
"""Instances of most evidence whose meanings are compared."""
EQUIVALENT = 1.0
"""Nats within which two instances explain a span equally well."""


@dataclass(slots=True, kw_only=True)
class Ranked:
    """Instances of all indexes, best first, before their texts are read."""

    sources: npt.NDArray[np.int64]
    """(k,) which index."""
    positions: npt.NDArray[np.int64]
    """(k,) position in it."""
    nats: FloatArray
    concept: FloatArray | None
    """(k,) cosines of the instructions, nan without vectors; None by words alone."""
    pair: FloatArray | None
    """(k,) the same of instruction, input and response together (paper, D.1)."""
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
    considered: int = CONSIDERED,
) -> Ranked:
    """Join the indexes' instances; order them by evidence and by similarity of meaning.

    Args:
        indexes: those that were traced in.
        evidence: of the span, one per index.
        response: the whole of it.
        weights: what each part is worth.
        lexical_only: order by words alone.
        considered: instances of most evidence that are ranked.
    """
    sources = np.concatenate([np.full(len(one.nats), i) for i, one in enumerate(evidence)])
    positions = np.concatenate([one.positions for one in evidence])
    nats = np.concatenate([one.nats for one in evidence])
    # Stable, so that of equal instances the first in the dataset comes first.
    best = np.argsort(-nats, kind="stable")[:considered]
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
        found.scores = (
            found.scores
            + weights.concept * np.nan_to_num(found.concept)
            + weights.d1 * np.nan_to_num(found.pair)
        )
    return found.reordered(np.argsort(-found.scores, kind="stable"))


def encoded_texts(instruction: str, response: str) -> tuple[str, str]:
    """The texts whose vectors ranking asks for: the instruction, and the whole pair.

    Both are the same for every span of a response.
    """
    return instruction, pair_text(instruction, "", response)


def warm_meaning(indexes: Sequence[TraceIndex], *, instruction: str, response: str) -> None:
    """Do once what ranking by meaning does slowly the first time: open vectors, encode texts.

    Args:
        indexes: those to be traced in; a lexical-only one needs nothing.
        instruction: what the response answers.
        response: the whole of it.

    Raises:
        IndexFolderError: a file of vectors is damaged, or its encoder changed since.
        EncoderError: the encoder cannot be loaded.
    """
    texts = encoded_texts(instruction, response)
    for index in indexes:
        if index.instruction_vectors is not None and index.pair_vectors is not None:
            encoder_named(index.encoder).warm(texts)


def _cosines(
    indexes: Sequence[TraceIndex], found: Ranked, vectors: list[VectorIndex | None], text: str
) -> FloatArray:
    """(k,) cosine of each instance's vector and a text's; nan where an index has none."""
    cosines = np.full(len(found.positions), np.nan)
    for source, (index, held) in enumerate(zip(indexes, vectors, strict=True)):
        mine = found.sources == source
        if held is not None and mine.any():
            query = encoder_named(index.encoder).vector(text)
            cosines[mine] = held.cosines(found.positions[mine], query)
    return cosines


def entropy(scores: FloatArray) -> float:
    """Of the softmax over the scores, in nats.

    >>> round(entropy(np.array([3.0, 3.0])), 3), entropy(np.array([]))
    (0.693, 0.0)
    """
    if not len(scores):
        return 0.0
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    return float(-np.sum(shares * np.log(shares, where=shares > 0, out=np.zeros_like(shares))))
