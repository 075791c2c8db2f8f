"""Filter a dataset by a score, as AlpaGasus does, and draw a random subset as its control."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.datasets.instances import content_sha256
from itlim.datasets.lineage import FailedRow
from itlim.errors import InputError
from itlim.ids import response_run_id
from itlim.remedies.deriving import Derived, DerivedRow, Parent
from itlim.remedies.quality_score import SCORE_VERSION, form_score

OFFLINE = "offline"
"""Name of the score by `quality_score`, which needs no model."""
COLUMN_VERSION = "itlim-filter/1"
_METHODS = {
    OFFLINE: "Kept rows whose offline score passes; the score rates the form of a response from 0 "
    "to 5 without a model, not its truth.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Which rows pass: those with at least a score, or a number of rows with the highest."""

    threshold: float | None = None
    keep: int | None = None

    def __post_init__(self) -> None:
        if (self.threshold is None) == (self.keep is None):
            raise InputError("Give either a threshold or the number of rows to keep, not both.")
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise InputError(f"The threshold is {self.threshold}: expected a number.")
        if self.keep is not None and self.keep < 1:
            raise InputError(f"The number of rows to keep is {self.keep}: expected at least 1.")

    def passing(self, scores: Mapping[str, float]) -> set[str]:
        """Ids of the rows that pass; of equal scores, the earlier row is kept.

        >>> sorted(Cut(keep=2).passing({"a": 1.0, "b": 3.0, "c": 1.0}))
        ['a', 'b']
        """
        if self.threshold is not None:
            return {name for name, score in scores.items() if score >= self.threshold}
        ranked = sorted(scores, key=lambda name: -scores[name])  # stable: earlier rows first
        return set(ranked[: self.keep])

    def settings(self) -> dict[str, float | int]:
        """What the lineage states."""
        both = {"threshold": self.threshold, "keep": self.keep}
        return {name: value for name, value in both.items() if value is not None}


def scores_of(parent: Parent, score: str, ratings: Path | None = None) -> dict[str, float]:
    """The score of each row by its id; rows without one are absent.

    Args:
        parent: the dataset.
        score: `offline`, or the name of a column of the dataset or of the ratings.
        ratings: ratings of the dataset's responses, as `itlim judge --out` writes them.

    Raises:
        InputError: there is no such column, or no row has a number in it.
    """
    rows = parent.rows()
    if ratings is not None:
        found = _rated(rows, score, ratings)
    elif score == OFFLINE:
        texts = ("instruction", "input", "response")
        return {row["instance_id"]: form_score(*(row[one] for one in texts)).total for row in rows}
    else:
        found = {row["instance_id"]: json.loads(row["extra"] or "{}").get(score) for row in rows}
    numbers = {
        name: number for name, value in found.items() if (number := _number(value)) is not None
    }
    if not numbers:
        columns = sorted({name for row in rows[:100] for name in json.loads(row["extra"] or "{}")})
        raise InputError(
            f"No row of {parent.facts.name} has a number as its score {score!r}"
            + (f" in {ratings}" if ratings else "")
            + f". Give {OFFLINE}, or a column: {', '.join(columns) or 'the dataset has no others'}."
        )
    return numbers


def filtered(parent: Parent, score: str, cut: Cut, *, ratings: Path | None = None) -> Derived:
    """The rows whose score passes, in their order, with the score as the column `score`.

    Raises:
        InputError: as `scores_of`.
    """
    scores = scores_of(parent, score, ratings)
    passing = cut.passing(scores)
    rows = parent.rows()
    kept = [
        DerivedRow.of(row, score=scores[row["instance_id"]])
        for row in rows
        if row["instance_id"] in passing
    ]
    bound = f"score below {cut.threshold:g}" if cut.threshold is not None else "lower score"
    left_out = {bound: len(scores) - len(kept)} if len(scores) > len(kept) else {}
    missing = [row["instance_id"] for row in rows if row["instance_id"] not in scores]
    method = _METHODS.get(score, f"Kept rows whose score in the column {score!r} passes.")
    settings: dict[str, Any] = {"score": score, **cut.settings()}
    if ratings is not None:
        method = f"Kept rows whose {score!r} in the ratings of {ratings.name} passes."
        settings["ratings"] = ratings.name
    return Derived(
        operation="filter",
        method=method,
        version=SCORE_VERSION if score == OFFLINE and ratings is None else COLUMN_VERSION,
        rows=kept,
        settings=settings,
        left_out=left_out,
        failed=[FailedRow(instance_id=name, reason=f"no {score} score") for name in missing],
    )


def random_subset(parent: Parent, size: int, seed: int) -> Derived:
    """Rows drawn without replacement, in their order: the control of a filtered dataset.

    Raises:
        InputError: the dataset has fewer rows.
    """
    rows = parent.rows()
    if not 1 <= size <= len(rows):
        raise InputError(
            f"{parent.facts.name} has {len(rows):,} rows: expected a size from 1 to that, got "
            f"{size:,}."
        )
    drawn = set(random.Random(seed).sample(range(len(rows)), size))
    return Derived(
        operation="random subset",
        method="Drew rows at random without replacement: a control of the same size as a filter.",
        version=COLUMN_VERSION,
        rows=[DerivedRow.of(row) for place, row in enumerate(rows) if place in drawn],
        settings={"size": size, "seed": seed},
        left_out={"not drawn": len(rows) - size} if len(rows) > size else {},
    )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if isinstance(value, bool) or not math.isfinite(number) else number


def _rated(rows: Sequence[Mapping[str, Any]], score: str, ratings: Path) -> dict[str, Any]:
    """Scores in a file of ratings, which names a response by a hash of model and texts."""
    try:
        table = pq.read_table(ratings)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{ratings} is not a Parquet file of ratings: {error}") from error
    if score not in table.column_names or "response_id" not in table.column_names:
        raise InputError(
            f"{ratings} has no ratings {score!r}. Its columns: {', '.join(table.column_names)}."
        )
    by_id = dict(zip(table["response_id"].to_pylist(), table[score].to_pylist(), strict=True))
    models = set(table["model"].to_pylist()) if "model" in table.column_names else {""}
    found = {}
    for row in rows:
        texts = (row["instruction"], row["input"], row["response"])
        names = [response_run_id(model, *texts) for model in models]
        names += [row["instance_id"], content_sha256(*texts)]
        found[row["instance_id"]] = next((by_id[one] for one in names if one in by_id), None)
    return found
