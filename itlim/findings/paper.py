"""The numbers that the paper reports in its text (`data/paper/percentages.csv`)."""

import csv
from dataclasses import dataclass
from functools import cache

from itlim.settings import PROJECT_FOLDER

PERCENTAGES_FILE = PROJECT_FOLDER / "data" / "paper" / "percentages.csv"


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
