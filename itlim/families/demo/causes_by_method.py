"""How often each method's first candidate is a true cause, as `make bench-leave-out` measured.

The benchmark takes minutes and needs the peers' packages, so the app draws what it wrote.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from itlim.errors import InputError, NotFoundError
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import Finding

METHODS_FILE = DEMO_FOLDER / "leave_out_methods.json"
CAUSE_FIRST = "its first candidate is the strongest cause"
GONE = "the phrase is gone without its first candidate"
DROP = "what the phrase loses without its first candidate"
ALL_CASES, HELD_BY_NONE = "all seeds together", "held by none"
_MEASURES = (
    ("hit_1", CAUSE_FIRST, "share", "phrases with an effect over 1 nat"),
    ("gone", GONE, "share", "wrong phrases"),
    ("drop", DROP, "nats", "wrong phrases"),
)


def method_findings(path: Path = METHODS_FILE) -> dict[str, dict[str, list[Finding]]]:
    """Figures by set of cases, then by method.

    Args:
        path: what `python -m tests.benchmarks.bench_leave_out --summary` wrote for the test split.

    Raises:
        NotFoundError: it is not there.
        InputError: it holds something else.
    """
    if not path.exists():
        raise NotFoundError(
            f"{path} is missing: run `python -m tests.benchmarks.bench_leave_out --summary {path}`."
        )
    try:
        blocks = json.loads(path.read_text(encoding="utf-8"))["blocks"]
        return {
            name: {row["method"]: list(_findings(row)) for row in blocks[name]}
            for name in (ALL_CASES, HELD_BY_NONE)
        }
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not what the leave-out benchmark writes ({error!r}): run it again."
        ) from error


def _findings(row: dict[str, Any]) -> Iterator[Finding]:
    for column, claim, unit, of in _MEASURES:
        estimate = row[column]
        yield Finding(
            claim=f"{row['method']}: {claim}",
            value=None if estimate is None else estimate["value"],
            unit=unit,
            n=0 if estimate is None else estimate["n"],
            of=of,
            interval=None if estimate is None else (estimate["low"], estimate["high"]),
        )
