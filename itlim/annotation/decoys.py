"""Candidates to judge, shuffled, with decoys among them that look like real ones.

A decoy is an instance far down the ranking, as long as a real candidate and with as much copied
text as can be had: whether a judge calls it causal tells how often "causal" is said by chance.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from itlim.records import Candidate

REAL = 5
"""Candidates that are shown for their rank."""
FROM_RANK = 11
"""1-based rank from which on an instance counts as no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One candidate as it is put before a judge."""

    candidate: Candidate
    retriever: str
    """tracer or decoy; stored with the verdict, never shown."""


def candidates_to_judge(
    ranked: Sequence[Candidate], n_decoys: int, *, seed: str, real: int = REAL
) -> tuple[Shown, ...]:
    """The first few and their decoys, in an order that tells nothing.

    Args:
        ranked: best first.
        n_decoys: at most so many; fewer where the ranking is too short.
        seed: of the order and of whom a decoy resembles: the same sheet looks the same again.
        real: how many of the first are shown.
    """
    rng = random.Random(seed)
    shown = [Shown(candidate=one, retriever="tracer") for one in ranked[:real]]
    pool = [one for one in ranked if one.rank >= FROM_RANK]
    for _ in range(min(n_decoys, len(pool), len(shown))):
        model = rng.choice(shown[: min(real, len(shown))]).candidate
        decoy = min(pool, key=lambda one: _difference(one, model))
        pool.remove(decoy)
        shown.append(Shown(candidate=decoy, retriever="decoy"))
    rng.shuffle(shown)
    return tuple(shown)


def _difference(one: Candidate, other: Candidate) -> float:
    """In length, as a log ratio, and in evidence, as a share of the larger."""
    length = abs(math.log((len(one.response) + 1) / (len(other.response) + 1)))
    most = max(one.evidence_nats, other.evidence_nats, 1.0)
    return length + abs(one.evidence_nats - other.evidence_nats) / most
