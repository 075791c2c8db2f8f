"""Candidates for display from the best ranked instances: texts, copied runs and score parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from itlim.records import Candidate, CopiedRun, InstanceField, Level, Weights
from itlim.records.traces import is_beyond_chance
from itlim.trace.evidence.alignment import align
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.copying import best_segmentation
from itlim.trace.evidence.keywords import keyword_presence
from itlim.trace.evidence.span_evidence import PartEvidence, Response, SpanEvidence
from itlim.trace.index.index import TraceIndex
from itlim.trace.meaning.vectors import pair_text
from itlim.trace.ranking import EQUIVALENT, Ranked
from itlim.trace.words.instances_file import row_of
from itlim.trace.words.word_bounds import offsets_of_words

SHORTLIST = 50
"""Number of candidates whose expensive parts (keywords, alignment) are computed if weighted."""
_FIELDS = tuple(InstanceField)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist:
    """The input from which the candidates of one span are made."""

    indexes: Sequence[TraceIndex]
    evidence: Sequence[SpanEvidence]
    response: Response
    first: int
    """First word of the span."""
    last: int
    ranked: Ranked
    weights: Weights
    null_p: float | None
    sources: frozenset[tuple[str, int]] = frozenset()
    """Dataset and row of the best instances of parts that are borrowed beyond chance."""
    size: int = SHORTLIST
    """Number of candidates whose expensive parts are computed if weighted."""
    instance_counts: dict[tuple[int, int], int] = field(default_factory=dict)
    """Cache of the number of instances that contain a word range of the span."""

    def candidates(self, top: int) -> tuple[Candidate, ...]:
        """Add the expensive parts to the scores of the shortlist; return the best `top`."""
        is_reordered = self.weights.keywords or self.weights.fuzzy
        wanted = max(top, self.size) if is_reordered else top
        found = [self._candidate(place) for place in range(min(wanted, len(self.ranked.scores)))]
        if not is_reordered:
            return tuple(found)
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
            row=row_of(row["instance_id"]),
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
            level=self._level(nats, (row["dataset"], row_of(row["instance_id"]))),
            part=part.part.name,
            runs=(*runs, *aligned.runs),
        )

    def _best_part(self, source: int, position: int) -> PartEvidence:
        spans = self.evidence[source]
        return spans.parts[int(spans.best_part[np.searchsorted(spans.positions, position)])]

    def _level(self, nats: float, instance: tuple[str, int]) -> Level:
        if instance in self.sources:
            return Level.STRONG
        if not is_beyond_chance(self.null_p):
            return Level.WEAK
        best = float(self.ranked.nats.max())
        return Level.STRONG if nats >= best - EQUIVALENT else Level.POSSIBLE

    def _code_points(self, start: int, stop: int) -> tuple[int, int]:
        """Code points in the response of the span's words [start, stop)."""
        starts, stops = self.response.starts, self.response.stops
        return int(starts[self.first + start]), int(stops[self.first + stop - 1])

    def _copied_runs(
        self, source: int, position: int, part: PartEvidence, row: dict[str, Any]
    ) -> list[CopiedRun]:
        """The runs of the best segmentation, as code points in response and instance."""
        matches = self.evidence[source].matches
        word_runs, _ = best_segmentation(matches.index, position, matches.ids, part.surprisal)
        edges: dict[int, list[int]] = {}
        for run in word_runs:
            edges.setdefault(run.field, []).extend((run.word, run.word + run.length - 1))
        offsets = {
            number: offsets_of_words(row[_FIELDS[number]], places)
            for number, places in edges.items()
        }
        runs = []
        for run in word_runs:
            places = offsets[run.field]
            span_start, span_stop = self._code_points(run.start, run.start + run.length)
            runs.append(
                CopiedRun(
                    span_start=span_start,
                    span_stop=span_stop,
                    field=_FIELDS[run.field],
                    start=places[run.word][0],
                    stop=places[run.word + run.length - 1][1],
                    nats=run.nats,
                    n_instances=self._n_containing(run.start, run.start + run.length),
                )
            )
        return runs

    def _n_containing(self, start: int, stop: int) -> int:
        """Instances that contain the span's words [start, stop); cached for other candidates."""
        if (start, stop) not in self.instance_counts:
            self.instance_counts[start, stop] = sum(
                one.matches.n_instances(start, stop) for one in self.evidence
            )
        return self.instance_counts[start, stop]


def _measured(cosines: FloatArray | None, place: int) -> float | None:
    if cosines is None:
        return None
    return float(cosines[place])
