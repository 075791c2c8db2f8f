"""Content of a first visit: a stored answer and example questions of a shipped family."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from itlim.records import Run
from itlim.store.runs import load_measured
from itlim.ui.shared import services


def featured_run() -> Run | None:
    """Load the stored answer that a first visit shows; None if no family ships one."""
    for family in services.library().families.values():
        if family.featured.exists():
            return load_measured(
                services.store(), family.featured.read_text(encoding="utf-8").strip()
            )
    return None


def example_instructions(base: str) -> dict[str, list[str]]:
    """Held-out instructions of a base model's family, else of the first one, by category.

    Empty if no family ships instructions.
    """
    library = services.library()
    own = library.family_of(base)
    for family in ([own] if own else []) + list(library.families.values()):
        if family.questions.exists():
            return _by_category(family.questions)
    return {}


@cache
def _by_category(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        found.setdefault(row["category"], []).append(row["instruction"])
    return found
