"""How often each method's first candidate is a true cause, as measured by `make bench-leave-out`.

The benchmark takes minutes and needs the packages of other tools, so the app reads its output.
"""

import json
from pathlib import Path
from typing import Any

from itlim.errors import InputError, NotFoundError
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import Finding

METHODS_FILE = DEMO_FOLDER / "leave_out_methods.json"
MEASURES = {
    "hit_1": "the top candidate is the strongest cause",
    "gone": "the phrase is gone without the top candidate",
    "drop": "decrease in log-probability without the top candidate",
}
"""Keys of the findings, with what each measures."""
ALL_CASES, CASES_WITHOUT_SOURCE = "all seeds together", "held by none"
_UNITS = {
    "hit_1": ("share", "phrases with an effect above 1 nat"),
    "gone": ("share", "wrong phrases"),
    "drop": ("nats", "wrong phrases"),
}


def method_findings(path: Path = METHODS_FILE) -> list[Finding]:
    """Figures of each method: the group is the method, the split a set of cases.

    Args:
        path: what `python -m tests.benchmarks.bench_leave_out --summary` wrote for the test split.

    Raises:
        NotFoundError: the file does not exist.
        InputError: the file is not an output of the benchmark.
    """
    if not path.exists():
        raise NotFoundError(
            f"{path} is missing: run `python -m tests.benchmarks.bench_leave_out --summary {path}`."
        )
    try:
        blocks = json.loads(path.read_text(encoding="utf-8"))["blocks"]
        return [
            _finding(row, key, cases)
            for cases in (ALL_CASES, CASES_WITHOUT_SOURCE)
            for row in blocks[cases]
            for key in MEASURES
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not an output of the leave-out benchmark ({error!r}): run it again."
        ) from error


def _finding(row: dict[str, Any], key: str, cases: str) -> Finding:
    measured, (unit, of) = row[key], _UNITS[key]
    return Finding(
        key=key,
        group=row["method"],
        split=cases,
        claim=f"{row['method']}: {MEASURES[key]}",
        value=None if measured is None else measured["value"],
        unit=unit,
        n=0 if measured is None else measured["n"],
        of=of,
        interval=None if measured is None else (measured["low"], measured["high"]),
    )
