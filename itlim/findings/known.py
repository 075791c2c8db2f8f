"""What known answers say: which answers are right, and which phrases of them are wrong."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.findings.answers import MarkedPhrase, question_of
from itlim.store.shipped import RUNS_FILE

QUESTIONS_FILE = "eval_test.jsonl"
"""Held-out questions beside the folder of a family's runs, perhaps with known answers."""
ALIASES_FILE = "aliases.jsonl"
"""Beside the questions: short forms of the right answers to some of them."""
GOLD_FILE = "gold.parquet"
"""Marks derived from known answers, beside the folder of a family's runs."""
GOLD_SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("stop", pa.int32(), nullable=False),
        pa.field("cause", pa.string()),
    ]
)
"""`cause` is the instance without which the phrase disappeared; null if none was found."""


def known_answers(path: Path) -> dict[str, tuple[str, ...]]:
    """The right answers to each question (`question_of`) of a JSON Lines file, in short forms.

    They are the key `answer` of the file itself, and the key `aliases` of a file beside it. Empty
    if there are none of either.
    """
    found: dict[str, tuple[str, ...]] = {
        _question(row): (row["answer"],) for row in _lines(path) if row.get("answer")
    }
    for row in _lines(path.with_name(ALIASES_FILE)):
        found[_question(row)] = (*found.get(_question(row), ()), *row["aliases"])
    return found


def _question(row: Mapping[str, Any]) -> str:
    return question_of(row["instruction"], row.get("input"))


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [json.loads(line) for line in lines if line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """Marks derived from known answers."""

    marks: Mapping[str, tuple[MarkedPhrase, ...]]
    """Wrong phrases by run."""
    examined: frozenset[str]
    """Runs for which marks were derived: one without a mark has no wrong phrase."""


def read_gold(paths: Sequence[Path]) -> Gold:
    """Read files of gold marks; missing ones are ignored.

    A run was examined if it is in a folder of runs beside the file, and the questions beside it
    have a known answer to what was asked. About other answers to these questions, such as those of
    one's own models or of a family without such a file, the marks say nothing.
    """
    marks: dict[str, tuple[MarkedPhrase, ...]] = {}
    examined: set[str] = set()
    for path in paths:
        if path.exists():
            marks |= gold_marks(path)
            examined |= _examined(path.parent)
    return Gold(marks=marks, examined=frozenset(examined))


def _examined(family: Path) -> set[str]:
    known = known_answers(family / QUESTIONS_FILE)
    columns = ["run_id", "instruction", "input"]
    return {
        row["run_id"]
        for path in family.glob(f"*/{RUNS_FILE}")
        for row in pq.read_table(path, columns=columns).to_pylist()
        if _question(row) in known
    }


def gold_marks(path: Path) -> dict[str, tuple[MarkedPhrase, ...]]:
    """Marks derived from known answers, by run."""
    found: dict[str, list[MarkedPhrase]] = {}
    rows: list[dict[str, Any]] = pq.read_table(path, schema=GOLD_SCHEMA).to_pylist()
    for row in rows:
        mark = MarkedPhrase(start=row["start"], stop=row["stop"], cause=row["cause"])
        found.setdefault(row["run_id"], []).append(mark)
    return {run_id: tuple(marks) for run_id, marks in found.items()}
