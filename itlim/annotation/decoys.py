"""Candidates to judge, shuffled, with decoys among them that look like real ones.

A decoy is an instance far down the ranking, or one that the ranking does not hold at all, as
long as a real candidate and with as much lit text as can be had: whether a judge calls it
causal tells how often "causal" is said by chance.
"""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from itlim.records import Candidate, InstanceField

REAL = 5
"""Candidates that are shown for their rank."""
FROM_RANK = 11
"""1-based rank from which on an instance counts as no source."""
TRACER, DECOY, OWN_SEARCH = "tracer", "decoy", "own search"
"""How an instance came before a judge, as it is stored with the verdict."""

Stretch = tuple[InstanceField, int, int]
"""Code points [start, stop) of one field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One instance as it is put before a judge."""

    instance_id: str
    texts: Mapping[InstanceField, str]
    lit: tuple[Stretch, ...]
    """What is highlighted."""
    retriever: str
    """TRACER, DECOY or OWN_SEARCH; stored with the verdict, never shown."""
    rank: int | None
    """1-based; None of an instance that no ranking holds."""
    score: float | None
    weight: float
    """How much evidence is on show: nats, or characters lit where some have no nats."""

    @classmethod
    def of(cls, candidate: Candidate, retriever: str) -> "Shown":
        """A ranked candidate, lit where its copied runs stand."""
        return cls(
            instance_id=candidate.instance_id,
            texts={
                InstanceField.INSTRUCTION: candidate.instruction,
                InstanceField.INPUT: candidate.input,
                InstanceField.RESPONSE: candidate.response,
            },
            lit=tuple((run.field, run.start, run.stop) for run in candidate.runs),
            retriever=retriever,
            rank=candidate.rank,
            score=candidate.score,
            weight=candidate.evidence_nats,
        )

    @property
    def length(self) -> int:
        """Characters on show."""
        return sum(map(len, self.texts.values()))


class InstancePool(Protocol):
    """Instances that a ranking does not hold; `annotation.unranked` has them."""

    def draw(self, seed: str, taken: Collection[str]) -> list[Shown]:
        """Some of them, without those whose ids are taken."""

    def relit(self, shown: Shown) -> Shown:
        """A ranked one highlighted, and weighed, as those that are drawn."""


def candidates_to_judge(
    ranked: Sequence[Candidate],
    n_decoys: int,
    *,
    seed: str,
    real: int = REAL,
    extra: InstancePool | None = None,
) -> tuple[Shown, ...]:
    """The first few and their decoys, in an order that tells nothing.

    Args:
        ranked: best first.
        n_decoys: how many; fewer only where there are no more instances. None without a
            candidate to resemble.
        seed: of the order and of whom a decoy resembles: the same sheet looks the same again.
        real: how many of the first are shown.
        extra: where decoys come from once the ranking has no more. All instances are then
            highlighted by the same rule, so that highlights give nothing away.
    """
    rng = random.Random(seed)
    shown = [Shown.of(one, TRACER) for one in ranked[:real]]
    if not shown:
        return ()
    pool = [Shown.of(one, DECOY) for one in ranked if one.rank >= FROM_RANK]
    if len(pool) < n_decoys and extra is not None:
        shown = [extra.relit(one) for one in shown]
        drawn = extra.draw(seed, {one.instance_id for one in ranked})
        chosen = [extra.relit(one) for one in pool]
        chosen += _alike(drawn, shown, n_decoys - len(pool), rng)
    else:
        chosen = _alike(pool, shown, n_decoys, rng)
    both = [*shown, *chosen]
    rng.shuffle(both)
    return tuple(both)


def _alike(pool: list[Shown], real: list[Shown], n: int, rng: random.Random) -> list[Shown]:
    """Of a pool those most like a real one drawn by lot, each once."""
    left = list(pool)
    chosen: list[Shown] = []
    while left and len(chosen) < n:
        model = rng.choice(real)
        chosen.append(min(left, key=lambda one: _difference(one, model)))
        left.remove(chosen[-1])
    return chosen


def _difference(one: Shown, other: Shown) -> float:
    """In length, as a log ratio, and in evidence, as a share of the larger."""
    length = abs(math.log((one.length + 1) / (other.length + 1)))
    most = max(one.weight, other.weight, 1.0)
    return length + abs(one.weight - other.weight) / most
