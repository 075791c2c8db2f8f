"""Does a table of leave-out effects hold? Retrain without what some of its rows left out."""

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

TOLERANCE_NATS = 0.05
TOLERANCE_SHARE = 0.05
"""Of the stored drop: sums of many tokens round in proportion to their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What retraining anew says of some rows of a table."""

    checked: int
    agree: int
    seconds: float
    disagreements: tuple[dict[str, Any], ...] = field(default=())
    """One a row: what the table says, what was found, and why they do not agree."""

    def document(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "checked": self.checked,
            "agree": self.agree,
            "seconds": round(self.seconds, 1),
            "disagreements": list(self.disagreements),
        }


def chosen_rows(table: pa.Table, number: int, seed: int) -> list[dict[str, Any]]:
    """Random rows, half of them (where there are so many) with the phrase gone.

    Most removals change nothing, so plain chance would check almost only that.

    Args:
        table: rows of `schema.LEAVE_OUT`.
        number: how many; all if the table has fewer.
        seed: the same seed chooses the same rows of the same table.

    Raises:
        InputError: none was asked for, or the table is empty.
    """
    if number < 1 or not len(table):
        raise InputError(
            f"{number} of {len(table)} rows cannot be checked: ask for at least 1 of a table "
            "that has some."
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
    """Retrain without what each row left out and compare.

    A row agrees if the phrase is gone again (or stays again), and the drop of its
    log-probability differs by at most 0.05 nats or 5%.

    Args:
        rows: of `schema.LEAVE_OUT`.
        study_of: full model and cases of a tuning seed; called once a seed.
        progress: called with a line of text after each retraining.
        cancelled: asked between retrainings.
    """
    say = progress or (lambda _line: None)
    started, found = time.monotonic(), []
    for seed in sorted({row["seed"] for row in rows}):
        study = study_of(seed)
        mine = [row for row in rows if row["seed"] == seed]
        say(f"seed {seed}: full model tuned, {len(mine)} rows to check")
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
    """The rows that the study does not confirm."""
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
    """Why two rows differ, in words; empty where they agree."""
    if again is None or again["response"] != row["response"]:
        return (
            "the full model answers otherwise on this machine: another kind of CPU, or another "
            "version of torch, rounds differently"
        )
    if again["phrase_gone"] != row["phrase_gone"]:
        return "the phrase stays" if row["phrase_gone"] else "the phrase is gone"
    allowed = max(TOLERANCE_NATS, TOLERANCE_SHARE * abs(row["logp_drop"]))
    if abs(again["logp_drop"] - row["logp_drop"]) > allowed:
        return f"the drop of log p differs by more than {allowed:.2f} nats"
    return ""
