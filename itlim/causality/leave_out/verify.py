"""Verify a table of leave-out effects by repeating the retrainings of some rows."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itlim.causality.leave_out.study import SeedStudy
from itlim.errors import InputError
from itlim.progress import Cancelled, LineProgress
from itlim.text.messages import plural

TOLERANCE_NATS = 0.05
TOLERANCE_SHARE = 0.05
"""Relative to the stored drop: rounding errors of sums grow with their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Result of repeating the retrainings of some rows of a table."""

    checked: int
    agree: int
    seconds: float
    disagreements: tuple[dict[str, Any], ...] = field(default=())
    """Per row: the stored values, the new values, and why they disagree."""

    def document(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "checked": self.checked,
            "agree": self.agree,
            "seconds": round(self.seconds, 1),
            "disagreements": list(self.disagreements),
        }


def chosen_rows(table: pa.Table, number: int, seed: int) -> list[dict[str, Any]]:
    """Draw random rows, half of them with the phrase gone if the table has enough of these.

    Most removals change nothing, so a uniform sample would contain almost no others.

    Args:
        table: rows of `schema.LEAVE_OUT`.
        number: number of rows; all rows if the table has fewer.
        seed: the same seed chooses the same rows of a table.

    Raises:
        InputError: `number` is less than 1, or the table is empty.
    """
    if number < 1 or not len(table):
        raise InputError(
            f"{number} of {len(table)} rows cannot be checked: expected a number of at least 1 and "
            "a table that is not empty."
        )
    gone = table["phrase_gone"].to_pylist()
    parts: dict[bool, list[int]] = {
        wanted: [place for place, is_gone in enumerate(gone) if is_gone is wanted]
        for wanted in (True, False)
    }
    generator = random.Random(seed)
    n_gone = min(len(parts[True]), max(number - number // 2, number - len(parts[False])))
    n_stays = min(len(parts[False]), number - n_gone)
    places = generator.sample(parts[True], n_gone) + generator.sample(parts[False], n_stays)
    return list(table.take(pa.array(sorted(places))).to_pylist())


def verify(
    rows: Sequence[dict[str, Any]],
    study_of: Callable[[int], SeedStudy],
    *,
    progress: LineProgress | None = None,
    cancelled: Cancelled | None = None,
) -> Verification:
    """Repeat the retraining of each row and compare.

    A row agrees if `phrase_gone` is the same, and the drop of the log-probability differs by at
    most 0.05 nats or 5%, whichever is larger.

    Args:
        rows: rows of `schema.LEAVE_OUT`.
        study_of: returns full model and cases of a tuning seed; called once per seed.
        progress: called with a line of text after each retraining.
        cancelled: called between retrainings; returns True to stop.
    """
    say = progress or (lambda _line: None)
    started, found = time.monotonic(), []
    for seed in sorted({row["seed"] for row in rows}):
        study = study_of(seed)
        mine = [row for row in rows if row["seed"] == seed]
        say(f"seed {seed}: full model tuned, {plural(len(mine), 'row')} to check")
        removals = [frozenset(), *(frozenset(row["instance_ids"]) for row in mine)]
        study.leave_out.run(
            removals,
            lambda done, of, what, seed=seed: say(f"seed {seed}: {done}/{of}, {what}"),  # type: ignore[misc]
            cancelled,
        )
        found += _compared(mine, study)
    return Verification(
        checked=len(rows),
        agree=len(rows) - len(found),
        seconds=time.monotonic() - started,
        disagreements=tuple(found),
    )


def _compared(rows: Sequence[dict[str, Any]], study: SeedStudy) -> list[dict[str, Any]]:
    """The rows that disagree with the study, with the reason."""
    effects = study.effects()
    wrong = []
    for row in rows:
        removed = frozenset(row["instance_ids"])
        again = effects.of(removed, study.leave_out.stored(removed).reading)
        same = again.filter(pc.field("case_id") == row["case_id"]).to_pylist()
        why = _why_not(row, same[0] if same else None)
        if why:
            shown = ("case_id", "seed", "instance_ids", "span_text", "logp_drop", "phrase_gone")
            wrong.append(
                {name: row[name] for name in shown}
                | {
                    "why": why,
                    "found": {one: same[0][one] for one in ("logp_drop", "phrase_gone")}
                    if same
                    else None,
                }
            )
    return wrong


def _why_not(row: dict[str, Any], again: dict[str, Any] | None) -> str:
    """Why two rows disagree, in words; empty if they agree."""
    if again is None or again["response"] != row["response"]:
        return (
            "the full model gives another answer on this machine: another kind of CPU or another "
            "version of torch rounds differently"
        )
    if again["phrase_gone"] != row["phrase_gone"]:
        return "the phrase survives" if row["phrase_gone"] else "the phrase is gone"
    allowed = max(TOLERANCE_NATS, TOLERANCE_SHARE * abs(row["logp_drop"]))
    if abs(again["logp_drop"] - row["logp_drop"]) > allowed:
        return f"the decrease in log-probability differs by more than {allowed:.2f} nats"
    return ""
