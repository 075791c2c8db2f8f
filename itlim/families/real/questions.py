"""Files of the real family, and its held-out questions with the answers that the dataset gives."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.settings import PROJECT_FOLDER
from itlim.store.shipped import Tag
from itlim.text.phrases import phrase_in

DATA_FOLDER = PROJECT_FOLDER / "data" / "real"
WRONG_FILE = DATA_FOLDER / "wrong_phrases.parquet"
"""Phrases that were judged to be wrong, in the schema of gold marks; see `study`."""
LEAVE_OUT_FILE = DATA_FOLDER / "leave_out.parquet"
"""Table of the family's leave-out study (`schema.LEAVE_OUT`)."""


ALIASES_FILE = "aliases.jsonl"
"""Beside the questions: right answers to those of them that have a single short one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A held-out question with the answer that the dataset gives."""

    instruction: str
    reference: str
    aliases: tuple[str, ...] = ()
    """Short forms of the right answer; empty if the question has no single short answer."""

    def is_right(self, answer: str) -> bool | None:
        """True if an answer contains the reference or an alias; otherwise that is unknown.

        >>> question = Question(instruction="Who wrote Emma?", reference="", aliases=("Austen",))
        >>> question.is_right("It is by Jane Austen."), question.is_right("By a woman.")
        (True, None)
        """
        right = [one for one in (self.reference, *self.aliases) if one]
        return True if any(phrase_in(one, answer) for one in right) else None


def read_question_rows(path: Path, limit: int | None = None) -> list[Question]:
    """The questions of a JSON Lines file, in its order; only the first `limit` if given."""
    aliases = {row["instruction"]: row["aliases"] for row in _rows(path.with_name(ALIASES_FILE))}
    return [
        Question(
            instruction=row["instruction"],
            reference=row["output"],
            aliases=tuple(aliases.get(row["instruction"], ())),
        )
        for row in _rows(path)[:limit]
    ]


def question_tags(path: Path) -> dict[str, Tag]:
    """Item, task and topic of each question by instruction: the task is its Dolly category.

    The item is the row's line in Dolly, or else its number in the file.
    """
    return {
        row["instruction"]: (f"dolly-{row.get('line', number)}", row.get("category"), None)
        for number, row in enumerate(_rows(path), start=1)
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]
