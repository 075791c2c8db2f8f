"""Which method finds the instance a phrase was borrowed from: constructed cases, side by side.

    python -m tests.benchmarks.bench_trace [--split dev|test] [--index DIR] [--json FILE]

What the cases are, and what they cannot show, stands in `trace_cases`. Needs the datasets in
`../shared/datasets`; without them it says so and measures nothing. The tracer takes part when
`--index` names an index of `dolly-15k.jsonl` (`python -m itlim index`).
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.trace_cases import KINDS, Case, build_cases, fingerprint
from tests.benchmarks.trace_material import DATASETS, load_material
from tests.benchmarks.trace_peers import CACHE, PEERS, Method
from tests.benchmarks.trace_scores import TOP, Score, right_rank, score, table

HOLDERS = {"1 instance": (1, 1), "2 to 5": (2, 5), "more than 5": (6, 10**9)}


class Tracer:
    """The project's own method."""

    def __init__(self, folder: Path, *, lexical_only: bool) -> None:
        from itlim.trace.index.index import open_index

        self._index = open_index(folder)
        self._lexical_only = lexical_only
        self.has_meaning = self._index.has_meaning
        self.name = "itlim, words only" if lexical_only else "itlim"

    def rank(self, case: Case, top: int) -> list[int]:
        from itlim.trace.tracer import trace_span

        found = trace_span(
            [self._index],
            instruction=case.instruction,
            response=case.response,
            start=case.span_start,
            stop=case.span_stop,
            top=top,
            lexical_only=self._lexical_only,
        )
        return [candidate.row for candidate in found.candidates]


def own_methods(folder: Path) -> list[Method]:
    """The tracer by words alone and, where the index has vectors, as it runs by default."""
    if not folder.exists():
        print(f"WITHOUT ITLIM: no index at {folder}; build one with `python -m itlim index`.")
        return []
    by_words = Tracer(folder, lexical_only=True)
    if not by_words.has_meaning:
        print(f"WITHOUT MEANING: {folder} has no vectors; build it without --lexical-only.")
        return [by_words]
    return [by_words, Tracer(folder, lexical_only=False)]


def groups(cases: Sequence[Case]) -> Iterator[tuple[str, list[int]]]:
    """Names of groups of cases and their numbers: the kinds, and entities by how rare they are."""
    for kind in KINDS:
        yield kind, [i for i, case in enumerate(cases) if case.kind == kind]
        if kind == "entity":
            for name, (low, high) in HOLDERS.items():
                yield (
                    f"entity held by {name}",
                    [
                        i
                        for i, case in enumerate(cases)
                        if case.kind == kind and low <= case.n_holders <= high
                    ],
                )


def measure(cases: Sequence[Case], methods: Sequence[Method]) -> list[Score]:
    """Every method on every group of cases."""
    ranks = {}
    for method in methods:
        started = time.perf_counter()
        ranks[method.name] = [right_rank(method.rank(case, TOP), case.truth) for case in cases]
        per_case = (time.perf_counter() - started) / len(cases)
        print(f"{method.name}: {1000 * per_case:.1f} ms a case", flush=True)
    return [
        score(name, method.name, [ranks[method.name][i] for i in numbers])
        for name, numbers in groups(cases)
        if numbers
        for method in methods
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--index", type=Path, default=CACHE / "dolly-15k")
    parser.add_argument("--json", type=Path, help="write all figures to this file as well")
    parser.add_argument("--without-peers", action="store_true", help="the tracer alone")
    arguments = parser.parse_args()
    if not (DATASETS / "dolly-15k.jsonl").exists():
        print(
            f"NOT MEASURED: no datasets in {DATASETS}. Stage dolly-15k.jsonl and just-eval there."
        )
        return
    material = load_material()
    cases = build_cases(material, arguments.split)
    print(f"{len(cases)} {arguments.split} cases, {fingerprint(cases)}, {TOP} ranks", flush=True)
    methods = [] if arguments.without_peers else [peer(material.instances) for peer in PEERS]
    methods += own_methods(arguments.index)
    scores = measure(cases, methods)
    print(table(scores))
    if arguments.json:
        found = {
            "split": arguments.split,
            "cases": fingerprint(cases),
            "scores": [asdict(one) for one in scores],
        }
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
