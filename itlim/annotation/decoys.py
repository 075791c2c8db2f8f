"""Shuffled candidates to judge, including decoys that look like real candidates.

A decoy is an instance far down the ranking, or outside it, of about the same length as a real
candidate and with as much highlighted text as possible. The share of decoys that are judged
causal shows how often "causal" is chosen by chance.
"""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from itlim.records import Candidate, InstanceField

N_CANDIDATES = 5
"""Number of best candidates that are shown."""
MIN_DECOY_RANK = 11
"""Lowest 1-based rank of a decoy: from there on, an instance does not count as a source."""
TRACER, DECOY, OWN_SEARCH = "tracer", "decoy", "own search"
"""How a judge came to see an instance; stored with the verdict."""

FieldRange = tuple[InstanceField, int, int]
"""Code points [start, stop) of one field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedInstance:
    """One instance as a judge sees it."""

    instance_id: str
    texts: Mapping[InstanceField, str]
    highlights: tuple[FieldRange, ...]
    """What is highlighted."""
    retriever: str
    """TRACER, DECOY or OWN_SEARCH; stored with the verdict, never shown."""
    rank: int | None
    """1-based; None for an instance outside the ranking."""
    score: float | None
    visible_evidence: float
    """Visible evidence: nats, or highlighted characters if some instances have no nats."""

    @classmethod
    def of(cls, candidate: Candidate, retriever: str) -> "PresentedInstance":
        """A ranked candidate with its copied runs highlighted."""
        return cls(
            instance_id=candidate.instance_id,
            texts={
                InstanceField.INSTRUCTION: candidate.instruction,
                InstanceField.INPUT: candidate.input,
                InstanceField.RESPONSE: candidate.response,
            },
            highlights=tuple((run.field, run.start, run.stop) for run in candidate.runs),
            retriever=retriever,
            rank=candidate.rank,
            score=candidate.score,
            visible_evidence=candidate.evidence_nats,
        )

    @property
    def length(self) -> int:
        """Number of visible characters."""
        return sum(map(len, self.texts.values()))


class InstancePool(Protocol):
    """Source of instances outside a ranking; see `annotation.extra_instances`."""

    def draw(self, seed: str, excluded: Collection[str]) -> list[PresentedInstance]:
        """Draw some of these instances, except those with the given ids."""

    def highlighted(self, shown: PresentedInstance) -> PresentedInstance:
        """Highlight a ranked candidate by the same rule as the drawn instances."""


def candidates_to_judge(
    ranked: Sequence[Candidate],
    n_decoys: int,
    *,
    seed: str,
    n_candidates: int = N_CANDIDATES,
    extra: InstancePool | None = None,
) -> tuple[PresentedInstance, ...]:
    """The best candidates and their decoys, in an order that reveals nothing.

    Args:
        ranked: best first.
        n_decoys: number of decoys; fewer if there are not enough instances, none without a
            candidate to resemble.
        seed: determines the order and which candidate a decoy resembles.
        n_candidates: number of best candidates to show.
        extra: source of decoys when the ranking has no more. All instances are then
            highlighted by the same rule, so that highlighting reveals nothing.
    """
    rng = random.Random(seed)
    shown = [PresentedInstance.of(one, TRACER) for one in ranked[:n_candidates]]
    if not shown:
        return ()
    pool = [PresentedInstance.of(one, DECOY) for one in ranked if one.rank >= MIN_DECOY_RANK]
    if len(pool) < n_decoys and extra is not None:
        shown = [extra.highlighted(one) for one in shown]
        drawn = extra.draw(seed, {one.instance_id for one in ranked})
        chosen = [extra.highlighted(one) for one in pool]
        chosen += _most_similar(drawn, shown, n_decoys - len(pool), rng)
    else:
        chosen = _most_similar(pool, shown, n_decoys, rng)
    both = [*shown, *chosen]
    rng.shuffle(both)
    return tuple(both)


def _most_similar(
    pool: list[PresentedInstance],
    candidates: list[PresentedInstance],
    n: int,
    rng: random.Random,
) -> list[PresentedInstance]:
    """The instances of a pool that are most similar to randomly drawn candidates, each once."""
    remaining = list(pool)
    chosen: list[PresentedInstance] = []
    while remaining and len(chosen) < n:
        target = rng.choice(candidates)
        chosen.append(min(remaining, key=lambda one: _difference(one, target)))
        remaining.remove(chosen[-1])
    return chosen


def _difference(one: PresentedInstance, other: PresentedInstance) -> float:
    """Difference in length (log ratio) and in evidence (share of the larger)."""
    length = abs(math.log((one.length + 1) / (other.length + 1)))
    larger = max(one.visible_evidence, other.visible_evidence, 1.0)
    return length + abs(one.visible_evidence - other.visible_evidence) / larger
