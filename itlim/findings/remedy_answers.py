"""Answers of models that were tuned with different remedies, with what they are compared by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from itlim.errors import CancelledError, NotFoundError
from itlim.findings.answers import PairAnswers
from itlim.findings.borrowing import borrowed_p
from itlim.findings.comparison import mean_kl
from itlim.progress import Cancelled, Progress
from itlim.records.traces import is_beyond_chance
from itlim.schema import REMEDY_ANSWERS

PLAIN = "plain"
"""Name of tuning without a remedy."""


class RemedyMeasure(StrEnum):
    """What answers are compared by."""

    RIGHT = "right"
    WRONG = "wrong"
    BORROWED = "borrowed"
    KL = "kl_mean"
    JUDGED = "judged"
    JUDGED_MEAN = "judged_mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureText:
    """What a measure is called, and its unit."""

    title: str
    unit: str


MEASURES: Mapping[RemedyMeasure, MeasureText] = {
    RemedyMeasure.RIGHT: MeasureText(title="Right answers", unit="percent"),
    RemedyMeasure.WRONG: MeasureText(title="Answers with a wrong phrase", unit="percent"),
    RemedyMeasure.BORROWED: MeasureText(
        title="Answers with a phrase borrowed beyond chance", unit="percent"
    ),
    RemedyMeasure.KL: MeasureText(title="Mean KL(tuned ‖ base)", unit="nats"),
    RemedyMeasure.JUDGED: MeasureText(title="Judged factuality", unit="points of 5"),
    RemedyMeasure.JUDGED_MEAN: MeasureText(
        title="Judged, mean of the five aspects", unit="points of 5"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyAnswer:
    """One answer of one model; measures that are not known are absent."""

    instruction: str
    seed: int = 0
    values: Mapping[RemedyMeasure, float] = field(default_factory=dict)


def read_remedy_answers(path: Path, recipe: str) -> dict[str, list[RemedyAnswer]]:
    """The stored answers of one recipe by remedy, plain tuning first.

    Plain tuning with another recipe is there as well, for example as `plain LFT`.

    Raises:
        NotFoundError: the file does not exist, or has no answer of plain tuning with the recipe.
    """
    if not path.exists():
        raise NotFoundError(f"There is no file {path}: restore it, or make it with its command.")
    found: dict[str, list[RemedyAnswer]] = {}
    for row in pq.read_table(path, schema=REMEDY_ANSWERS).to_pylist():
        if row["recipe"] == recipe:
            found.setdefault(row["remedy"], []).append(_stored(row))
        elif row["remedy"] == PLAIN:
            found.setdefault(f"{PLAIN} {row['recipe'].upper()}", []).append(_stored(row))
    if PLAIN not in found:
        raise NotFoundError(f"{path} has no answer of plain tuning with the recipe {recipe}.")
    return {PLAIN: found.pop(PLAIN), **found}


def _stored(row: Mapping[str, Any]) -> RemedyAnswer:
    p, wrong, right = row["borrowed_p"], row["n_wrong"], row["is_right"]
    values = {
        RemedyMeasure.RIGHT: None if right is None else 100.0 * right,
        RemedyMeasure.WRONG: None if wrong is None else 100.0 * (wrong > 0),
        RemedyMeasure.BORROWED: None if p is None else 100.0 * is_beyond_chance(p),
        RemedyMeasure.KL: row["kl_mean"],
    }
    return RemedyAnswer(
        instruction=row["instruction"],
        seed=row["seed"],
        values={name: value for name, value in values.items() if value is not None},
    )


def pair_remedy_answers(
    pair: PairAnswers,
    *,
    judged: Mapping[str, Mapping[RemedyMeasure, float]] | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> list[RemedyAnswer]:
    """The measures of a pair's answers, as far as they are known.

    Args:
        pair: with the index of its tuning dataset; without one, nothing is known to be borrowed.
        judged: a judge's scores by run id.
        progress: called with a fraction in [0, 1] and a message.
        cancelled: asked before each answer.

    Raises:
        CancelledError: `cancelled` returned True.
    """
    found = []
    for place, one in enumerate(pair.answers):
        if cancelled():
            raise CancelledError("The comparison was canceled.")
        if progress is not None:
            progress(place / len(pair.answers), f"{pair.pair}: answer {place + 1:,}")
        values = {
            RemedyMeasure.RIGHT: None if one.is_right is None else 100.0 * one.is_right,
            RemedyMeasure.WRONG: 100.0 * bool(one.marks) if one.is_reviewed else None,
            RemedyMeasure.KL: mean_kl(one),
            **(judged or {}).get(one.run_id, {}),
        }
        if pair.index is not None and pair.index.nulls:
            is_borrowed = is_beyond_chance(borrowed_p(pair.index, one))
            values[RemedyMeasure.BORROWED] = 100.0 * is_borrowed
        known = {name: float(value) for name, value in values.items() if value is not None}
        found.append(RemedyAnswer(instruction=one.instruction, values=known))
    return found
