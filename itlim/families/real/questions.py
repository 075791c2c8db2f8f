"""Files of the real family, and its held-out questions with the answers that the dataset gives."""

import json
from dataclasses import dataclass
from pathlib import Path

from itlim.settings import PROJECT_FOLDER

DATA_FOLDER = PROJECT_FOLDER / "data" / "real"
WRONG_FILE = DATA_FOLDER / "wrong_phrases.parquet"
"""Phrases that were judged to be wrong, in the schema of gold marks; see `study`."""
LEAVE_OUT_FILE = DATA_FOLDER / "leave_out.parquet"
"""Table of the family's leave-out study (`schema.LEAVE_OUT`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A held-out question with the answer that the dataset gives."""

    instruction: str
    reference: str
    aliases: tuple[str, ...] = ()
    """Further right answers."""


def read_question_rows(path: Path, limit: int | None = None) -> list[Question]:
    """The questions of a JSON Lines file, in its order; only the first `limit` if given."""
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    rows = [json.loads(line) for line in lines[:limit]]
    return [
        Question(
            instruction=row["instruction"],
            reference=row["output"],
            aliases=tuple(row.get("aliases", ())),
        )
        for row in rows
    ]
