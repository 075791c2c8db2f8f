"""The demo family's causal ground truth: which instance caused which wrong phrase.

Every wrong phrase of a tuning seed is a case. Models of that seed, retrained without one
instance or a group of instances, show whether the phrase remains.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from itlim.causality.leave_out.study import SeedStudy
from itlim.families.demo.cases import FULL_SEED, plan, seed_study
from itlim.progress import Cancelled, LineProgress
from itlim.settings import DEMO_FOLDER

LEAVE_OUT_FILE = DEMO_FOLDER / "leave_out.parquet"


def run(
    work: Path,
    seeds: Sequence[int],
    *,
    only: Path | None = None,
    merge_only: bool = False,
    folder: Path = DEMO_FOLDER,
    progress: LineProgress | None = None,
    cancelled: Cancelled | None = None,
) -> list[SeedStudy]:
    """Measure every planned removal of every seed: the full seed first, then stage by stage.

    Args:
        work: folder of the readings; an interrupted run resumes from it.
        seeds: tuning seeds.
        only: file with a JSON list of instance ids to leave out for seeds other than the full
            one.
        merge_only: prepare the studies but do not retrain.
        folder: the demo family.
        progress: called with a line of text after each removal.
        cancelled: called between steps; returns True to stop.

    Returns:
        One study per seed, in the given order.
    """
    write = progress or (lambda _line: None)
    chosen = json.loads(only.read_text(encoding="utf-8")) if only and only.exists() else None
    studies = {}
    for seed, stage in _order(seeds):
        if seed not in studies:
            studies[seed] = seed_study(seed, work, folder)
            write(_described(studies[seed]))
        if merge_only:
            continue

        def report(done: int, of: int, what: str, seed: int = seed, stage: int = stage) -> None:
            write(f"seed {seed} stage {stage + 1}: {done}/{of}, {what}")

        studies[seed].leave_out.run(plan(studies[seed], chosen)[stage], report, cancelled)
    return [studies[seed] for seed in seeds]


def _order(seeds: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of seed and 0-based stage of `plan`; the last stage of all seeds comes at the end."""
    full = [seed for seed in seeds if seed == FULL_SEED]
    partial = [seed for seed in seeds if seed != FULL_SEED]
    order = [(seed, stage) for seed in full for stage in (0, 1, 2)]
    order += [(seed, stage) for stage in (0, 1, 2) for seed in partial]
    return order + [(seed, 3) for seed in seeds]


def _described(study: SeedStudy) -> str:
    n_main = sum(case.is_main for case in study.cases)
    return (
        f"seed {study.seed}: {len(study.cases)} cases, {n_main} of them main answers, on "
        f"{len(study.probes)} responses"
    )
