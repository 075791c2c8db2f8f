"""The numbers that the paper reports in its text (`data/paper/percentages.csv`)."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from itlim.settings import PROJECT_FOLDER

_FOLDER = PROJECT_FOLDER / "data" / "paper"
PERCENTAGES_FILE = _FOLDER / "percentages.csv"
RATINGS_FILE = _FOLDER / "ratings_by_aspect.csv"
ASPECTS = ("helpfulness", "clarity", "factuality", "depth", "engagement")
TASKS_FILE = _FOLDER / "ratings_by_task.csv"
TASKS = (
    "coding",
    "information seeking",
    "math",
    "procedure",
    "reasoning",
    "role playing",
    "writing",
)
"""The tasks of Tables 16 and 17."""
_SIZED = re.compile(r"(?P<name>.+) (?P<thousands>\d+)k")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A number of the paper."""

    value: float
    unit: str
    note: str
    """The paper's claim and section."""


@cache
def _reported() -> dict[tuple[str, str], Reported]:
    with PERCENTAGES_FILE.open(encoding="utf-8", newline="") as file:
        return {
            (row["finding_id"], row["tuning"]): Reported(
                value=float(row["value"]),
                unit=row["unit"],
                note=f"{row['claim']} (section {row['section']})",
            )
            for row in csv.DictReader(file)
        }


def reported(finding_id: str, tuning: str = "") -> Reported | None:
    """The paper's number for a finding: that of the kind of tuning if it is reported apart."""
    known = _reported()
    return known.get((finding_id, tuning)) or known.get((finding_id, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One cell of Tables 13 to 15: the mean GPT-4 rating of one aspect, without an interval."""

    model: str
    tuning: str
    dataset: str
    """Name of the tuning dataset without its size."""
    instances: int
    test_set: str
    aspect: str
    value: float | None
    """None where the paper prints no number."""


@cache
def ratings() -> tuple[Rating, ...]:
    """The paper's ratings of models that were tuned on a dataset of stated size."""
    with RATINGS_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(one for row in csv.DictReader(file) for one in _ratings_of(row))


def _ratings_of(row: Mapping[str, str]) -> list[Rating]:
    sized = _SIZED.fullmatch(row["train_set"])
    if sized is None:
        return []
    return [
        Rating(
            model=row["model"],
            tuning=row["tuning"],
            dataset=sized["name"],
            instances=1000 * int(sized["thousands"]),
            test_set=row["test_set"],
            aspect=aspect,
            value=float(row[aspect]) if row[aspect] else None,
        )
        for aspect in ASPECTS
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedModel:
    """One row of Tables 13 to 17: mean GPT-4 ratings of a model, as printed."""

    table: int
    row: int
    model: str
    tuning: str
    """LFT, SFT, NEFTune, chat, or empty."""
    train_set: str
    test_set: str
    values: Mapping[str, str]
    """By aspect or task; empty where the paper prints no number."""

    @property
    def title(self) -> str:
        """The row in words."""
        parts = (f"{self.model} {self.tuning}".strip(), self.train_set, self.test_set)
        return f"{', '.join(part for part in parts if part)} (Table {self.table}, row {self.row})"


@cache
def rated_models(*, by_task: bool = False) -> tuple[RatedModel, ...]:
    """The rows of Tables 13 to 15 by aspect, or of Tables 16 and 17 by task.

    Row 35 of Table 16 prints six ratings for seven tasks, so which is whose is unknown: it is left
    out.
    """
    file, names = (TASKS_FILE, TASKS) if by_task else (RATINGS_FILE, ASPECTS)
    with file.open(encoding="utf-8", newline="") as opened:
        return tuple(
            RatedModel(
                table=int(row["table"]),
                row=int(row["row"]),
                model=row["model"],
                tuning=row["tuning"],
                train_set=row["train_set"],
                test_set=row["test_set"],
                values={name: row[name] for name in names},
            )
            for row in csv.DictReader(opened)
            if (row["table"], row["row"]) != ("16", "35")
        )
