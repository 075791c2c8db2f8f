"""Read files of published preferences between two models, such as AlpacaEval's.

A row names both models and the preferred output: 1 or 2, and 0 or 1.5 for a tie. Its instruction is
in the row, or in a file of answers in which the same `id` has one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets.rows import SourceRow
from itlim.datasets.sources import find_files, open_rows
from itlim.errors import InputError
from itlim.records.ratings import JUDGE_PREFERENCES
from itlim.remedies.imported_rows import AnswersTo, only_answer, required_text, text_in
from itlim.remedies.rating_files import IMPORTED

_MODELS = ("output_1_model", "generator_1", "model_1"), ("output_2_model", "generator_2", "model_2")
_JUDGE = ("judge", "rater", "annotator")
_CODES = {0.0: "tie", 1.0: "first", 1.5: "tie", 2.0: "second"}
_SWAPPED = {"first": "second", "second": "first", "tie": "tie"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesRead:
    """The preferences of a file, and the rows that are none."""

    preferences: pa.Table
    """`records.ratings.JUDGE_PREFERENCES`; in which order answers were shown is not known."""
    rejected: tuple[tuple[int, str], ...]
    """Line, from 1, and reason."""

    @property
    def models(self) -> tuple[tuple[str, str], ...]:
        """The compared models, each pair in alphabetical order, in order of first appearance."""
        first, second = (
            self.preferences[f"pair_{side}"].to_pylist() for side in ("first", "second")
        )
        return tuple(dict.fromkeys(zip(first, second, strict=True)))


def read_preferences(
    path: Path, answers_to: AnswersTo, *, asked: Mapping[str, str] | None = None
) -> PreferencesRead:
    """Read a file of preferences; a row that is none is rejected with its reason.

    Args:
        path: the file; its name is the judge's where a row names none.
        answers_to: finds the stored answers, by model and instruction.
        asked: instruction by id, for rows without an instruction.

    Raises:
        DatasetError: the file cannot be read.
    """
    rows, rejected = [], []
    judge = path.name.split(".")[0]
    for source in _rows(path):
        try:
            if source.problem:
                raise InputError(source.problem)
            rows.append(_row(source.value, answers_to, asked or {}, judge))
        except InputError as error:
            rejected.append((source.line, str(error)))
    table = pa.Table.from_pylist(rows, schema=JUDGE_PREFERENCES)
    return PreferencesRead(preferences=table, rejected=tuple(rejected))


def read_instructions(path: Path) -> dict[str, str]:
    """Instruction by id, of the rows of a file that have both.

    Raises:
        DatasetError: the file cannot be read.
    """
    found = {}
    for source in _rows(path):
        row = {} if source.problem else source.value
        instruction = row.get("instruction")
        if _has_id(row) and isinstance(instruction, str):
            given = row.get("input")
            text = f"{instruction}\n{given if isinstance(given, str) else ''}".strip()
            found[str(row["id"])] = text
    return found


def _rows(path: Path) -> Iterator[SourceRow]:
    for file in find_files(path):
        with open_rows(file) as opened:
            yield from opened.rows


def _row(
    row: Mapping[str, Any], answers_to: AnswersTo, asked: Mapping[str, str], judge: str
) -> dict[str, Any]:
    models = [required_text(row, names) for names in _MODELS]
    instruction = _instruction(row, asked)
    preferred = _preference(row.get("preference"))
    runs = [
        only_answer(answers_to(model, instruction), model, remedy="delete all but one")
        for model in models
    ]
    if models[0] > models[1]:  # as preferences of two pairs are stored
        models, runs, preferred = models[::-1], runs[::-1], _SWAPPED[preferred]
    return dict.fromkeys(JUDGE_PREFERENCES.names) | {
        "run_first": runs[0],
        "run_second": runs[1],
        "pair_first": models[0],
        "pair_second": models[1],
        "instruction": instruction,
        "judge": text_in(row, _JUDGE) or judge,
        "prompt_version": IMPORTED,
        "preference": preferred,
        "problem": "",
    }


def _instruction(row: Mapping[str, Any], asked: Mapping[str, str]) -> str:
    own = text_in(row, ("instruction",))
    if own is not None:
        return own.strip()
    known = asked.get(str(row["id"])) if _has_id(row) else None
    if known is None:
        raise InputError(
            "it has no instruction, and no answer with its id has one: add the file of answers "
            "that has the same ids"
        )
    return known


def _has_id(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("id"), int | str)


def _preference(value: Any) -> str:
    """The preferred output in words."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    found = _CODES.get(float(value)) if known else None
    if found is None:
        raise InputError(f"its preference is {value!r:.40}: expected 1 or 2, or 0 or 1.5 for a tie")
    return found
