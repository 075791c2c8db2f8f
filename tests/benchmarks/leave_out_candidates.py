"""Which instances to leave out with the seeds of which not every one is: what methods name.

    python -m tests.benchmarks.leave_out_candidates --out FILE [--table FILE]

Writes a JSON list for `python -m itlim demo leave-out --only FILE`: the union of every method's
first five over the wrong main answers of all seeds but 0, first choices first. The table needs
one removal a seed at least, since its cases come from there.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from itlim.families.demo.cases import FULL_SEED
from tests.benchmarks.leave_out_cases import CausalCase, load_cases
from tests.benchmarks.leave_out_methods import (
    BaseReadings,
    ScoringMethod,
    demo_index,
    demo_instances,
    leave_out_path,
    peers,
    tracers,
)
from tests.benchmarks.leave_out_scores import ranked

TOP = 5


def first_choices(
    cases: Sequence[CausalCase], methods: Sequence[ScoringMethod], top: int = TOP
) -> list[int]:
    """0-based places of the union of all methods' first `top`, all first choices first."""
    chosen = [ranked(method.scores(case))[:top] for method in methods for case in cases]
    return list(
        dict.fromkeys(one[rank] for rank in range(top) for one in chosen if rank < len(one))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--table", type=Path, help="another leave-out table than the committed")
    arguments = parser.parse_args()
    index = demo_index()
    ids = [index.instance_at(place)["instance_id"] for place in range(len(index.instances))]
    places = {name: place for place, name in enumerate(ids)}
    every = load_cases(leave_out_path(arguments.table), places)
    cases = [case for case in every if case.is_main and case.seed != FULL_SEED]
    methods = [*tracers(index, BaseReadings(every)), *peers(demo_instances(index))]
    chosen = [ids[place] for place in first_choices(cases, methods)]
    arguments.out.write_text(json.dumps(chosen), encoding="utf-8")
    print(f"{len(chosen)} of {len(ids)} instances for {len(cases)} cases: {arguments.out}")


if __name__ == "__main__":
    main()
