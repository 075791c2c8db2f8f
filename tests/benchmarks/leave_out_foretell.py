"""Before any retraining: what foretells how much a phrase depends on the instances that hold it?

Over cases, not instances: the base model's surprisal of the phrase, its rarity in the dataset,
and how many hold it, against the nats that it loses once all that hold it are left out.
"""

from collections.abc import Callable, Sequence

import numpy as np

from itlim.trace import TraceIndex
from itlim.trace.evidence.background import base_surprisal
from itlim.trace.evidence.span_evidence import Response, span_evidence
from tests.benchmarks.leave_out_cases import CausalCase
from tests.benchmarks.leave_out_methods import BaseReadings
from tests.benchmarks.leave_out_scores import spearman
from tests.benchmarks.trace_scores import Estimate

RESAMPLES = 1000


def dependence(case: CausalCase) -> float | None:
    """Nats lost without all instances that hold the phrase; None if that was not measured."""
    if case.group is not None:
        return case.group.drop
    if case.n_holders == 1 and case.holds.any():
        return float(case.drops[case.holds][0])
    return None


def foretold(
    cases: Sequence[CausalCase], index: TraceIndex, readings: BaseReadings
) -> list[tuple[str, Estimate | None, int]]:
    """Spearman of each foreteller with `dependence`, over the cases that have one."""
    known = [case for case in cases if dependence(case) is not None]
    truth = np.array([dependence(case) for case in known], dtype=np.float64)
    questions = [case.question for case in known]
    foretellers: dict[str, Callable[[CausalCase], float]] = {
        "the base model's surprisal of the phrase": lambda case: base_nats(case, readings),
        "copy evidence of the best instance": lambda case: best_evidence(case, index),
        "few instances hold it": lambda case: -float(case.n_holders),
    }
    return [
        (name, _interval(np.array([tell(case) for case in known]), truth, questions), len(known))
        for name, tell in foretellers.items()
    ]


def base_nats(case: CausalCase, readings: BaseReadings) -> float:
    """−log p(phrase) under the base model, in nats, summed over its words."""
    first, last = Response.of(case.instruction, case.response).word_range(
        case.span_start, case.span_stop
    )
    return float(base_surprisal(readings.tokens(case), case.response)[first:last].sum())


def best_evidence(case: CausalCase, index: TraceIndex) -> float:
    """The greatest copy evidence of any instance, in nats."""
    cut = Response.of(case.instruction, case.response)
    first, last = cut.word_range(case.span_start, case.span_stop)
    return span_evidence([index.lexical], cut, first, last)[0].best


def _interval(values: np.ndarray, truth: np.ndarray, questions: Sequence[str]) -> Estimate | None:
    """Spearman over cases with its 95% bootstrap interval over questions."""
    if len(values) < 3:
        return None
    names, places = np.unique(np.array(questions), return_inverse=True)
    members = [np.flatnonzero(places == number) for number in range(len(names))]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([members[one] for one in rng.integers(0, len(names), len(names))])
        drawn.append(spearman(values[chosen], truth[chosen]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(value=spearman(values, truth), low=float(low), high=float(high))
