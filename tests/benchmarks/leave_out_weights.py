"""Which weights find causes, on dev cases alone.

    python -m tests.benchmarks.leave_out_weights [--table FILE] [--index DIR]

Every candidate's parts are measured once by `trace_span`; a weighting is then a sum. What is
looked at: the nats that a phrase loses when the first choice is removed, the share of phrases
gone by then, and how often the strongest source is the first choice, each less the default
weights' case by case. With `--index` (of `dolly-15k.jsonl`) the constructed dev cases as well.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from itlim.records import Candidate, Weights
from itlim.trace import TraceIndex, open_index, trace_span
from tests.benchmarks.bench_leave_out import text_of
from tests.benchmarks.leave_out_cases import CausalCase, load_cases
from tests.benchmarks.leave_out_methods import COPY_ONLY, demo_index, leave_out_path
from tests.benchmarks.leave_out_scores import cluster_mean, column, outcome
from tests.benchmarks.trace_cases import KINDS, Case, build_cases
from tests.benchmarks.trace_material import load_material
from tests.benchmarks.trace_peers import Marked

PARTS = {
    "evidence": "evidence_nats",
    "concept": "concept_cos",
    "topic": "topic_overlap",
    "coverage": "coverage",
    "d1": "d1_similarity",
    "keywords": "keyword_presence",
    "fuzzy": "fuzzy_ratio",
    "influence": "influence_cos",
}
"""Each weight and what it weighs, a field of `Candidate`."""
STEPS = {
    "concept": (0.0, 2.0, 4.0, 6.0, 12.0, 16.0, 24.0, 32.0),
    "topic": (0.0, 2.0, 4.0, 6.0, 12.0, 16.0, 24.0),
    "coverage": (0.0, 2.0, 4.0, 12.0, 16.0),
    "d1": (0.0, 2.0, 4.0, 12.0, 16.0, 24.0),
    "keywords": (2.0, 4.0, 8.0, 16.0),
    "fuzzy": (2.0, 4.0, 8.0, 16.0),
}
"""One weight at a time, the others at their defaults."""
JOINT = (
    COPY_ONLY,
    Weights(topic=0.0, concept=8.0, d1=0.0),
    Weights(topic=0.0, concept=16.0, d1=0.0),
    Weights(topic=4.0, concept=4.0, d1=0.0),
    Weights(topic=4.0, concept=12.0, d1=0.0),
    Weights(topic=4.0, concept=16.0, d1=0.0),
    Weights(topic=12.0, concept=12.0, d1=0.0),
    Weights(topic=16.0, concept=16.0, d1=0.0),
    Weights(topic=0.0, concept=0.0, d1=16.0),
    Weights(topic=4.0, concept=8.0, d1=8.0),
    Weights(topic=4.0, concept=4.0, d1=16.0),
)
WIDE = 200
"""Candidates whose parts are measured: with other weights the first may come from further down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A case's candidates before they are weighed."""

    rows: np.ndarray
    """(k,) 1-based rows."""
    values: np.ndarray
    """(k, p) in the order of PARTS; what cannot be measured is 0."""

    def scores(self, weights: Weights) -> np.ndarray:
        """(k,) what `trace_span` would rank by."""
        return self.values @ np.array([getattr(weights, part) for part in PARTS])


def measure_parts(index: TraceIndex, case: Marked, top: int) -> Parts:
    """The candidates of a case, up to `top` of them."""
    found = trace_span(
        [index],
        instruction=case.instruction,
        response=case.response,
        start=case.span_start,
        stop=case.span_stop,
        top=top,
    )
    return Parts(
        rows=np.array([one.row for one in found.candidates], dtype=np.int64),
        values=np.array([_values(one) for one in found.candidates]).reshape(-1, len(PARTS)),
    )


def _values(one: Candidate) -> list[float]:
    return [getattr(one, name) or 0.0 for name in PARTS.values()]


def weightings() -> Iterable[tuple[str, Weights]]:
    """Names and weights; the default first."""
    yield "default", Weights()
    for part, steps in STEPS.items():
        for step in steps:
            yield f"{part} {step:g}", replace(Weights(), **{part: step})
    for one in JOINT:
        differing = {
            part: getattr(one, part)
            for part in PARTS
            if getattr(one, part) != getattr(Weights(), part)
        }
        yield ", ".join(f"{part} {value:g}" for part, value in differing.items()), one


def causal_lines(index: TraceIndex, cases: Sequence[CausalCase]) -> list[str]:
    """One line a weighting, each with its difference from the default."""
    parts = [measure_parts(index, case, len(index.instances)) for case in cases]
    questions = [case.question for case in cases]
    measures = ("drop", "gone", "hit_1")
    default: dict[str, np.ndarray] = {}
    lines = [f"{'':36}" + "".join(f"{one:26}" for one in measures)]
    for name, weights in weightings():
        found = [
            outcome(case, _spread(one, one.scores(weights), len(index.instances)))
            for case, one in zip(cases, parts, strict=True)
        ]
        cells = []
        for measure in measures:
            values = column(found, measure)
            less = values - default.setdefault(measure, values)
            estimate, _ = cluster_mean(less, questions)
            cells.append(f"{np.nanmean(values):.3f} {text_of(estimate and asdict(estimate)):20}")
        lines.append(f"{name:36}" + "".join(cells))
    return lines


def _spread(parts: Parts, scores: np.ndarray, n: int) -> np.ndarray:
    everywhere = np.full(n, -np.inf)
    everywhere[parts.rows - 1] = scores
    return everywhere


def constructed_lines(index: TraceIndex, cases: Sequence[Case]) -> list[str]:
    """hit@1 a kind, one line a weighting."""
    parts = [measure_parts(index, case, WIDE) for case in cases]
    lines = [f"{'':36}" + "".join(f"{kind:16}" for kind in KINDS)]
    for name, weights in weightings():
        right = np.array(
            [
                bool(len(one.rows)) and int(one.rows[np.argmax(one.scores(weights))]) in case.truth
                for case, one in zip(cases, parts, strict=True)
            ]
        )
        shares = (
            np.mean([hit for hit, case in zip(right, cases, strict=True) if case.kind == kind])
            for kind in KINDS
        )
        lines.append(f"{name:36}" + "".join(f"{share:<16.3f}" for share in shares))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, help="another leave-out table than the committed")
    parser.add_argument("--index", type=Path, help="of dolly-15k.jsonl, for constructed cases")
    arguments = parser.parse_args()
    index = demo_index()
    places = {f"{index.dataset}-{row + 1}": row for row in range(len(index.instances))}
    every = load_cases(leave_out_path(arguments.table), places)
    dev = [case for case in every if case.split == "dev" and len(case.positions)]
    for name, chosen in (
        ("main answers", [case for case in dev if case.is_main]),
        ("all phrases", dev),
    ):
        print(f"\n{name}, n = {len(chosen)}: mean, then difference from the default")
        print("\n".join(causal_lines(index, chosen)), flush=True)
    if arguments.index:
        cases = build_cases(load_material(), "dev")
        print(f"\nconstructed dev cases, n = {len(cases)}: hit@1")
        print("\n".join(constructed_lines(open_index(arguments.index), cases)))


if __name__ == "__main__":
    main()
