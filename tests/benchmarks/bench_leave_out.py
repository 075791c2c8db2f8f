"""Which method finds the instances that made a wrong phrase: causes, not look-alikes.

    python -m tests.benchmarks.bench_leave_out [--split dev|test] [--table FILE]
        [--json FILE] [--summary FILE]

The truth is measured: the demo family was retrained without each instance (`leave_out_cases`).
For seed 0 every instance was left out; for others those that any method here names among its
first five, and 20 random ones: there, other instances are passed over when a method ranks.
Gradients (`leave_out_influence`) rank every instance; their products take some ten minutes of
CPU once a machine. What each measure means stands in `leave_out_scores.MEASURES`. Weights and
backgrounds are chosen on dev alone (`leave_out_weights`, `leave_out_influence_weights`).
"""

import argparse
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

from itlim.trace import TraceIndex
from tests.benchmarks.leave_out_cases import CausalCase, load_cases
from tests.benchmarks.leave_out_foretell import foretold
from tests.benchmarks.leave_out_influence import gradient_methods
from tests.benchmarks.leave_out_methods import (
    DEFAULT,
    BaseReadings,
    ScoringMethod,
    demo_index,
    demo_instances,
    leave_out_path,
    peers,
    tracers,
)
from tests.benchmarks.leave_out_scores import (
    MEASURES,
    Outcome,
    cluster_mean,
    column,
    oracle_outcome,
    outcome,
    random_outcome,
)
from tests.benchmarks.leave_out_truth import Fact, truths
from tests.benchmarks.trace_scores import Estimate

POOLED = "all seeds together"
HELD_BY_NONE = "held by none"
COPY = "copy evidence"
ORACLE, HOLDERS, RANDOM = "oracle", "oracle among holders", "any left out (mean)"
_SHOWN = (
    ("hit_1", "found@1"),
    ("hit_3", "found@3"),
    ("gone", "gone@1"),
    ("gone_less_oracle", "gone − oracle"),
    ("drop", "nats@1"),
    ("drop_less_oracle", "nats − oracle"),
    ("spearman", "Spearman"),
)
_SHOWN_AFTER = (
    ("group_found", "just the g holders"),
    ("first_known", "first is known"),
    (f"gone_less_{DEFAULT}", f"gone − {DEFAULT}"),
    (f"drop_less_{DEFAULT}", f"nats − {DEFAULT}"),
    (f"hit_1_less_{DEFAULT}", f"found@1 − {DEFAULT}"),
)
_SHOWN_UNHELD = tuple(
    (f"{measure}_less_{baseline}", f"{title} − {shown}")
    for measure, title in (("gone", "gone"), ("drop", "nats"))
    for baseline, shown in ((COPY, "copy ev."), (RANDOM, "any"))
)
_COMPARED = ("gone", "drop", "hit_1")
_BASELINES = (DEFAULT, COPY, RANDOM)
_WIDTH = 20
_NAMES = 26


def blocks(cases: Sequence[CausalCase]) -> Iterator[tuple[str, list[int]]]:
    """Names of sets of cases, and their numbers: by seed, pooled, and by who holds the phrase."""
    seeds = sorted({case.seed for case in cases})
    main = [number for number, case in enumerate(cases) if case.is_main]
    for seed in seeds if len(seeds) > 1 else ():
        full = " (every instance left out)" if seed == 0 else " (only instances left out count)"
        yield f"seed {seed}{full}", [number for number in main if cases[number].seed == seed]
    yield POOLED, main
    yield "held by one", [number for number in main if cases[number].n_holders == 1]
    yield "held by several", [number for number in main if cases[number].n_holders > 1]
    yield HELD_BY_NONE, [number for number in main if cases[number].n_holders == 0]
    side = [number for number, case in enumerate(cases) if not case.is_main]
    yield "side remarks, all seeds", side


def measure(
    cases: Sequence[CausalCase], methods: Sequence[ScoringMethod]
) -> dict[str, list[Outcome]]:
    """Every method, the oracle and a blind choice on every case."""
    found = {
        ORACLE: [oracle_outcome(case) for case in cases],
        HOLDERS: [oracle_outcome(case, holders_only=True) for case in cases],
    }
    for method in methods:
        started = time.perf_counter()
        found[method.name] = [outcome(case, method.scores(case)) for case in cases]
        per_case = (time.perf_counter() - started) / len(cases)
        print(f"{method.name}: {1000 * per_case:.1f} ms a case", flush=True)
    found[RANDOM] = [random_outcome(case) for case in cases]
    return found


def estimates(
    cases: Sequence[CausalCase], found: dict[str, list[Outcome]], numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """One row a method: every measure with its n."""
    questions = [cases[number].question for number in numbers]
    rows = []
    for name, outcomes in found.items():
        mine = [outcomes[number] for number in numbers]
        row: dict[str, Any] = {"method": name, "n": len(numbers)}
        for measure_name in MEASURES:
            row[measure_name] = _as_json(*cluster_mean(column(mine, measure_name), questions))
        for measure_name, baseline in product(_COMPARED, _BASELINES):
            theirs = column([found[baseline][number] for number in numbers], measure_name)
            less = column(mine, measure_name) - theirs
            row[f"{measure_name}_less_{baseline}"] = _as_json(*cluster_mean(less, questions))
        rows.append(row)
    return rows


def _as_json(estimate: Estimate | None, n: int) -> dict[str, float] | None:
    return None if estimate is None else asdict(estimate) | {"n": n}


def text_of(estimate: Mapping[str, float] | None) -> str:
    """`.52 [.40, .63]`; a dash where there is nothing to average."""
    if estimate is None:
        return "–"
    shown = (f"{estimate[key]:.2f}" for key in ("value", "low", "high"))
    value, low, high = (re.sub(r"^(-?)0\.", r"\1.", text) for text in shown)
    return f"{value} [{low}, {high}]"


def block_text(
    name: str, rows: Sequence[dict[str, Any]], shown: Sequence[tuple[str, str]] = _SHOWN
) -> str:
    """One line a method."""
    first = rows[0]
    n_strong = first["hit_1"]["n"] if first["hit_1"] else 0
    head = f"{name}: n = {first['n']}, {n_strong} with an effect over 1 nat"
    titles = "".join(f"{title:{_WIDTH}}" for _, title in shown)
    lines = ["", head, f"  {'':{_NAMES}}{titles}".rstrip()]
    for row in rows:
        cells = "".join(f"{text_of(row[measure]):{_WIDTH}}" for measure, _ in shown)
        lines.append(f"  {row['method']:{_NAMES}}{cells}".rstrip())
    return "\n".join(lines)


def _facts_text(facts: Sequence[Fact]) -> str:
    return "\n".join(
        f"  {claim:62}{text_of(estimate and asdict(estimate)):{_WIDTH}}n = {n}"
        for claim, estimate, n in facts
    )


def _facts_json(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    return [{"claim": claim, "estimate": _as_json(estimate, n)} for claim, estimate, n in facts]


def report(
    cases: Sequence[CausalCase],
    found: dict[str, list[Outcome]],
    index: TraceIndex,
    readings: BaseReadings,
) -> dict[str, Any]:
    """Print all tables; give the same as JSON."""
    written: dict[str, Any] = {"measures": MEASURES, "blocks": {}}
    for kind, chosen in (
        ("main answers", [case for case in cases if case.is_main]),
        ("side remarks", [case for case in cases if not case.is_main]),
    ):
        facts, told = truths(chosen), foretold(chosen, index, readings)
        print(f"\nWhat the removals say by themselves, {kind} of all seeds:\n{_facts_text(facts)}")
        print(f" Spearman over cases with the nats lost without all holders:\n{_facts_text(told)}")
        written[kind] = {"truths": _facts_json(facts), "foretold": _facts_json(told)}
    for name, numbers in blocks(cases):
        if numbers:
            rows = estimates(cases, found, numbers)
            written["blocks"][name] = rows
            print(block_text(name, rows))
            if name in (POOLED, HELD_BY_NONE):
                print(block_text(name, rows, _SHOWN_AFTER))
            if name == HELD_BY_NONE:
                print(block_text(name, rows, _SHOWN_UNHELD))
    return written


def summary(written: Mapping[str, Any]) -> dict[str, Any]:
    """What the app draws of it (`itlim.families.demo.causes_by_method`)."""
    columns = ("method", "n", "hit_1", "gone", "drop")
    blocks = {
        name: [{column: row[column] for column in columns} for row in written["blocks"][name]]
        for name in (POOLED, HELD_BY_NONE)
    }
    return {"split": written["split"], "blocks": blocks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--table", type=Path, help="another leave-out table than the committed")
    parser.add_argument("--json", type=Path, help="write all figures to this file as well")
    parser.add_argument("--summary", type=Path, help="write what the app draws to this file")
    arguments = parser.parse_args()
    index = demo_index()
    instances = demo_instances(index)
    places = {f"{index.dataset}-{one.row}": one.row - 1 for one in instances}
    every = load_cases(leave_out_path(arguments.table), places)
    cases = [case for case in every if case.split == arguments.split and len(case.positions)]
    print(f"{len(cases)} {arguments.split} cases", flush=True)
    readings = BaseReadings(every)
    ours = tracers(index, readings)
    methods = [*ours, *peers(instances), *gradient_methods(every, ours)]
    found = measure(cases, methods)
    written = {"split": arguments.split, **report(cases, found, index, readings)}
    if arguments.summary:
        arguments.summary.write_text(json.dumps(summary(written), indent=1) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(written, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
