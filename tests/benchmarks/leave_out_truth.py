"""What leaving instances out says by itself, before any method: are obvious sources decisive?"""

from collections.abc import Sequence

import numpy as np

from itlim.causality.leave_out.findings import STRONG_EFFECT
from tests.benchmarks.leave_out_cases import CausalCase
from tests.benchmarks.leave_out_scores import cluster_mean
from tests.benchmarks.trace_scores import Estimate

Fact = tuple[str, Estimate | None, int]


def truths(cases: Sequence[CausalCase]) -> list[Fact]:
    """Claims with their mean over cases, its interval over questions, and the number of cases."""
    unique = [one for one in cases if one.n_holders == 1 and one.holds.any()]
    shared = [one for one in cases if one.group is not None and one.holds.any()]
    unheld = [one for one in cases if one.n_holders == 0]
    strong = [one for one in cases if one.drops.max() > STRONG_EFFECT]
    return [
        _fact("held by one: gone without it", unique, [one.gone[one.holds][0] for one in unique]),
        _fact(
            "held by one: loses over 1 nat without it",
            unique,
            [one.drops[one.holds][0] > STRONG_EFFECT for one in unique],
        ),
        _fact(
            "held by one: no other instance has more effect",
            unique,
            [one.holds[np.argmax(one.drops)] for one in unique],
        ),
        _fact("held by several: gone without all", shared, [one.group.gone for one in shared]),
        _fact(
            "held by several: gone without the strongest holder",
            shared,
            [one.gone[_strongest_holder(one)] for one in shared],
        ),
        _fact("held by several: nats without all", shared, [one.group.drop for one in shared]),
        _fact(
            "held by several: nats without the strongest holder",
            shared,
            [one.drops[_strongest_holder(one)] for one in shared],
        ),
        _fact(
            "held by none: gone without the strongest instance",
            unheld,
            [one.gone[np.argmax(one.drops)] for one in unheld],
        ),
        _fact(
            "held by none: nats without the strongest instance",
            unheld,
            [one.drops.max() for one in unheld],
        ),
        _fact(
            "effect over 1 nat: the strongest instance holds the phrase",
            strong,
            [one.holds[np.argmax(one.drops)] for one in strong],
        ),
        _fact(
            "not a holder: gone without it",
            cases,
            [one.gone[~one.holds].mean() if not one.holds.all() else np.nan for one in cases],
        ),
    ]


def _fact(claim: str, cases: Sequence[CausalCase], values: Sequence[float]) -> Fact:
    numbers = np.array(values, dtype=np.float64)
    return claim, *cluster_mean(numbers, [one.question for one in cases])


def _strongest_holder(case: CausalCase) -> int:
    return int(np.argmax(np.where(case.holds, case.drops, -np.inf)))
