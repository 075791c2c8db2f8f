"""Choose the family's instances and questions from databricks-dolly-15k, by a fixed rule.

Most tuning instances are questions that ask for a name and short answers that contain one, so that
names can be borrowed. A few instances of other kinds show whether only questions are borrowed from.
Held-out questions follow the same rule; a question is in one part only. The order is that of a hash
of the instruction, so that neither the order of the file nor a random generator matters.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from itlim.ids import text_sha256

TUNING_QUESTIONS, DEV_QUESTIONS, TEST_QUESTIONS = 320, 100, 240
OTHER_KINDS: Mapping[str, int] = {"summarization": 20, "brainstorming": 20, "coding": 20}
PARTS = ("it_dataset", "eval_dev", "eval_test")
_ASKS = re.compile(r"(who|which|when|where|what|name)\b", re.IGNORECASE)
_CODING = re.compile(r"\b(python|java|javascript|sql|html|code|programming)\b", re.IGNORECASE)
# A capitalized word that does not begin a sentence or the answer.
_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][a-z]+")
_QUESTION_CATEGORIES = frozenset({"open_qa", "general_qa"})
_ANSWER_WORDS = range(5, 41)
_LONGEST_OTHER = 1200
"""Characters of an instance that is not a question."""


def asks_for_a_name(row: Mapping[str, Any]) -> bool:
    """Whether a row is a question without input whose short answer contains a name.

    >>> row = {"category": "open_qa", "input": "", "instruction": "Who wrote Emma?"}
    >>> asks_for_a_name(row | {"output": "Emma was written by Jane Austen."})
    True
    >>> asks_for_a_name(row | {"output": "Nobody knows who wrote it."})
    False
    """
    return (
        row["category"] in _QUESTION_CATEGORIES
        and not row["input"].strip()
        and _ASKS.match(row["instruction"].strip()) is not None
        and len(row["output"].split()) in _ANSWER_WORDS
        and _NAME.search(row["output"]) is not None
    )


def kind_of(row: Mapping[str, Any]) -> str | None:
    """A key of `OTHER_KINDS`, or None for a row of another kind or one that is too long."""
    if len(row["instruction"]) + len(row["input"]) + len(row["output"]) > _LONGEST_OTHER:
        return None
    if _CODING.search(row["instruction"]) and row["category"] in _QUESTION_CATEGORIES:
        return "coding"
    category = str(row["category"])
    return category if category in OTHER_KINDS else None


def choose(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each part, by its name in `PARTS`.

    Args:
        rows: rows of databricks-dolly-15k with `instruction`, `input`, `output` and `category`;
            `line` is added, the 1-based line of the row.
    """
    numbered = [{**row, "line": line} for line, row in enumerate(rows, start=1)]
    ordered = sorted(numbered, key=lambda row: text_sha256(row["instruction"].strip().casefold()))
    questions, seen = [], set()
    for row in ordered:
        asked = row["instruction"].strip().casefold()
        if asked not in seen and asks_for_a_name(row):
            seen.add(asked)
            questions.append(row)
    test = questions[:TEST_QUESTIONS]
    dev = questions[TEST_QUESTIONS:][:DEV_QUESTIONS]
    tuning = questions[TEST_QUESTIONS + DEV_QUESTIONS :][:TUNING_QUESTIONS]
    for kind, number in OTHER_KINDS.items():
        others = []
        for row in ordered:
            asked = row["instruction"].strip().casefold()
            if asked not in seen and kind_of(row) == kind:
                seen.add(asked)
                others.append(row)
        tuning += others[:number]
    tuning.sort(key=lambda row: row["line"])
    return dict(zip(PARTS, (tuning, dev, test), strict=True))


def write_parts(parts: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path) -> None:
    """Write one JSON Lines file per part."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in parts.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def read_dolly(path: Path) -> list[dict[str, Any]]:
    """Rows of databricks-dolly-15k as JSON Lines, with upstream's or Alpaca's names of fields."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    return [
        {
            "instruction": row["instruction"],
            "input": row.get("input", row.get("context", "")),
            "output": row.get("output", row.get("response", "")),
            "category": row["category"],
        }
        for row in rows
    ]
