"""What a gradient cosine is worth beside copied words, on dev cases alone.

    python -m tests.benchmarks.leave_out_influence_weights [--table FILE]

Each line is a weight in nats a unit of cosine; each measure less that of words alone, case by
case. The second table has the dev cases that no instance holds verbatim.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from itlim.causality.influence.parameters import ParameterChoice
from tests.benchmarks.bench_leave_out import text_of
from tests.benchmarks.leave_out_cases import CausalCase, load_cases
from tests.benchmarks.leave_out_influence import (
    GRADIENT_WEIGHT,
    Fused,
    GradientReadings,
    Gradients,
)
from tests.benchmarks.leave_out_methods import (
    BaseReadings,
    ScoringMethod,
    demo_index,
    leave_out_path,
    tracers,
)
from tests.benchmarks.leave_out_scores import cluster_mean, column, outcome

STEPS = (0.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
MEASURES = ("drop", "gone", "hit_1", "hit_3", "spearman")


class Kept:
    """A method whose scores are measured once."""

    def __init__(self, method: ScoringMethod) -> None:
        self.name = method.name
        self._method = method
        self._scores: dict[str, np.ndarray] = {}

    def scores(self, case: CausalCase) -> np.ndarray:
        if case.case_id not in self._scores:
            self._scores[case.case_id] = self._method.scores(case)
        return self._scores[case.case_id]


def lines(cases: Sequence[CausalCase], methods: Sequence[ScoringMethod]) -> list[str]:
    """One line a method; differences are from the first."""
    questions = [case.question for case in cases]
    shown = [f"{'':30}" + "".join(f"{one:28}" for one in MEASURES)]
    first: dict[str, np.ndarray] = {}
    for method in methods:
        found = [outcome(case, method.scores(case)) for case in cases]
        cells = []
        for measure in MEASURES:
            values = column(found, measure)
            less, _ = cluster_mean(values - first.setdefault(measure, values), questions)
            mean = np.nanmean(values) if not np.isnan(values).all() else np.nan
            cells.append(f"{mean:.3f} {text_of(less and asdict(less)):22}")
        shown.append(f"{method.name:30}" + "".join(cells))
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, help="another leave-out table than the committed")
    arguments = parser.parse_args()
    index = demo_index()
    places = {f"{index.dataset}-{row + 1}": row for row in range(len(index.instances))}
    every = load_cases(leave_out_path(arguments.table), places)
    every = [case for case in every if len(case.positions)]
    dev = [case for case in every if case.split == "dev" and case.is_main]
    words = [
        Kept(one) for one in tracers(index, BaseReadings(every)) if one.name in GRADIENT_WEIGHT
    ]
    whole = GradientReadings(every, ParameterChoice.ALL)
    last = GradientReadings(every, ParameterChoice.LAST_LAYER)
    alone = [
        Gradients(name=f"{by} {readings.choice}", readings=readings, by=by)
        for readings in (whole, last)
        for by in ("cosines", "dots")
    ]
    for title, cases in (
        ("main answers", dev),
        ("held by none", [case for case in dev if case.n_holders == 0]),
    ):
        for one in words:
            fused = [
                Fused(name=f"{one.name} + {step:g}", words=one, readings=whole, weight=step)
                for step in STEPS
            ]
            print(f"\n{title}, n = {len(cases)}: mean, difference from words alone")
            print("\n".join(lines(cases, [*fused, *alone])), flush=True)


if __name__ == "__main__":
    main()
