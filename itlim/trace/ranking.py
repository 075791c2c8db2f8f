"""From evidence to ranked candidates: log-scores are added, never ranks.

Reciprocal ranks would throw away how much better the best is; evidence in nats and a
small weight on similar concepts keep it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.records import Candidate, CopiedRun, InstanceField, Level, Weights
from itlim.trace.alignment import align
from itlim.trace.background import FloatArray
from itlim.trace.coverage import span_coverage
from itlim.trace.encoder import encoder_named
from itlim.trace.evidence import best_cut
from itlim.trace.index import TraceIndex
from itlim.trace.keywords import keyword_presence
from itlim.trace.normalise import word_offsets
from itlim.trace.semantic import VectorIndex, pair_text
from itlim.trace.span_evidence import PartEvidence, Response, SpanEvidence
from itlim.trace.topic import topic_overlap

CONSIDERED = 2000
"""Instances of most evidence whose meanings are compared."""
SHORTLIST = 50
"""Candidates whose dearer parts (keywords, alignment) are measured where they weigh."""
EQUIVALENT = 1.0
"""Nats within which two instances explain a span equally well."""
BEYOND_CHANCE = 0.05
_FIELDS = tuple(InstanceField)


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
) -> Ranked:
    """Join the indexes' instances; order them by evidence and by similarity of meaning."""
    sources = np.concatenate([np.full(len(one.nats), i) for i, one in enumerate(evidence)])
    positions = np.concatenate([one.positions for one in evidence])
    nats = np.concatenate([one.nats for one in evidence])
    # Stable, so that of equal instances the first in the dataset comes first.
    best = np.argsort(-nats, kind="stable")[:CONSIDERED]
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
        instructions = [index.instruction_vectors for index in indexes]
        found.concept = _cosines(indexes, found, instructions, response.instruction)
        pairs = [index.pair_vectors for index in indexes]
        text = pair_text(response.instruction, "", response.text)
        found.pair = _cosines(indexes, found, pairs, text)
        found.scores = (
            found.scores
            + weights.concept * np.nan_to_num(found.concept)
            + weights.d1 * np.nan_to_num(found.pair)
        )
    return found.reordered(np.argsort(-found.scores, kind="stable"))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist:
    """What the candidates of one span are made from."""

    indexes: Sequence[TraceIndex]
    evidence: Sequence[SpanEvidence]
    response: Response
    first: int
    """First word of the span."""
    last: int
    ranked: Ranked
    weights: Weights
    null_p: float | None
    holders: dict[tuple[int, int], int] = field(default_factory=dict)

    def candidates(self, top: int) -> tuple[Candidate, ...]:
        """Measure the dearer parts of the shortlist, add them, and keep the best `top`."""
        weighs_more = self.weights.keywords or self.weights.fuzzy
        wanted = max(top, SHORTLIST) if weighs_more else top
        found = [self._candidate(place) for place in range(min(wanted, len(self.ranked.scores)))]
        found.sort(key=lambda candidate: -candidate.score)
        return tuple(
            replace(candidate, rank=rank) for rank, candidate in enumerate(found[:top], start=1)
        )

    def _candidate(self, place: int) -> Candidate:
        source = int(self.ranked.sources[place])
        position = int(self.ranked.positions[place])
        nats = float(self.ranked.nats[place])
        row = self.indexes[source].instance_at(position)
        part = self._best_part(source, position)
        runs = self._copied_runs(source, position, part, row)
        start, stop = self._code_points(0, self.last - self.first)
        quote = self.response.text[start:stop]
        aligned = align(self.response.text, start, stop, row["response"], exact=runs)
        presence = keyword_presence(
            quote, [pair_text(row["instruction"], row["input"], row["response"])]
        )
        keywords = None if presence is None else float(presence[0])
        return Candidate(
            rank=place + 1,
            dataset=row["dataset"],
            row=row_number(row["instance_id"]),
            line=row["source_line"],
            instance_id=row["instance_id"],
            instruction=row["instruction"],
            input=row["input"],
            response=row["response"],
            extra=row["extra"],
            evidence_nats=nats,
            concept_cos=_measured(self.ranked.concept, place),
            coverage=float(self.ranked.coverage[place]),
            topic_overlap=float(self.ranked.topic[place]),
            d1_similarity=_measured(self.ranked.pair, place),
            keyword_presence=keywords,
            fuzzy_ratio=aligned.ratio,
            score=float(self.ranked.scores[place])
            + self.weights.keywords * (keywords or 0.0)
            + self.weights.fuzzy * aligned.ratio,
            level=self._level(nats),
            part=part.part.name,
            runs=(*runs, *aligned.runs),
        )

    def _best_part(self, source: int, position: int) -> PartEvidence:
        spans = self.evidence[source]
        return spans.parts[int(spans.best_part[np.searchsorted(spans.positions, position)])]

    def _level(self, nats: float) -> Level:
        if self.null_p is None or self.null_p >= BEYOND_CHANCE:
            return Level.WEAK
        best = float(self.ranked.nats.max())
        return Level.STRONG if nats >= best - EQUIVALENT else Level.POSSIBLE

    def _code_points(self, start: int, stop: int) -> tuple[int, int]:
        """Where the words [start, stop) of the span stand in the response."""
        starts, stops = self.response.starts, self.response.stops
        return int(starts[self.first + start]), int(stops[self.first + stop - 1])

    def _copied_runs(
        self, source: int, position: int, part: PartEvidence, row: dict[str, Any]
    ) -> list[CopiedRun]:
        """The runs of the best cut, as code points on both sides."""
        matches = self.evidence[source].matches
        cut, _ = best_cut(matches.index, position, matches.ids, part.surprisal)
        offsets = {
            number: word_offsets(row[_FIELDS[number]]) for number in {run.field for run in cut}
        }
        runs = []
        for run in cut:
            starts, stops = offsets[run.field]
            span_start, span_stop = self._code_points(run.start, run.start + run.length)
            runs.append(
                CopiedRun(
                    span_start=span_start,
                    span_stop=span_stop,
                    field=_FIELDS[run.field],
                    start=int(starts[run.word]),
                    stop=int(stops[run.word + run.length - 1]),
                    nats=run.nats,
                    n_instances=self._n_holders(run.start, run.start + run.length),
                )
            )
        return runs

    def _n_holders(self, start: int, stop: int) -> int:
        """Instances that hold the span's words [start, stop): the same for many candidates."""
        if (start, stop) not in self.holders:
            self.holders[start, stop] = sum(
                len(one.matches.rows(start, stop)) for one in self.evidence
            )
        return self.holders[start, stop]


def _measured(cosines: FloatArray | None, place: int) -> float | None:
    if cosines is None or np.isnan(cosines[place]):
        return None
    return float(cosines[place])


def row_number(instance_id: str) -> int:
    """The 1-based row that an instance id ends with.

    >>> row_number("dolly-15k-12")
    12
    """
    return int(instance_id.rpartition("-")[2])


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
