"""A tiny dataset with the irregularities of real ones: gaps, repetitions, extra fields."""

import json
from pathlib import Path

from itlim.library import DatasetEntry

ROWS = [
    {"instruction": "Which river is long?", "input": "", "output": "The Nile is a long river."},
    {"instruction": "Is Paris a river?", "input": "Paris", "output": "No, a city."},
    None,
    {
        "instruction": "Where does the Nile flow?",
        "input": "",
        "output": "The Nile flows north through Egypt; it isn’t short.",
        "source": "atlas",
    },
    {"instruction": "Name a river.", "input": ""},
    {"instruction": "Is Paris a river?", "input": "Paris", "output": "No, a city."},
]
"""None is a line that is not JSON."""


def write_dataset(path: Path, rows=ROWS) -> Path:
    lines = ["{no json" if row is None else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def entry_of(path: Path, name: str | None = None) -> DatasetEntry:
    return DatasetEntry(name=name or path.stem, path=path)
