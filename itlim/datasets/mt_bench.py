"""MT-bench answers as FastChat writes them: the first turn, with its question from another file.

Answers are rows of `question_id`, `model_id` and `choices`, a list of objects with `turns`.
Questions are rows of `question_id` and `turns`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.datasets.instances import content_sha256
from itlim.datasets.reporting import ReportBuilder
from itlim.datasets.row_reading import RowReading
from itlim.datasets.rows import SourceRow
from itlim.datasets.sample import Sample
from itlim.datasets.sources import find_files, open_rows
from itlim.datasets.values import as_list, as_text, is_filled
from itlim.errors import DatasetError
from itlim.records import BadRow, ColumnMapping, DatasetField, ReadingReport

_ID, _TURNS, _CHOICES = "question_id", "turns", "choices"
_USED = (
    (DatasetField.INSTRUCTION, _ID),
    (DatasetField.RESPONSE, _CHOICES),
)
FURTHER_TURNS = "only the first turn is read, the others are left out"
FURTHER_CHOICES = "only the first choice is read, the others are left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class MtBenchAnswer:
    """The first turn of an answer, with its question."""

    line: int
    """1-based line on which the row begins."""
    row: Mapping[str, Any]
    """All columns of the row."""
    instruction: str
    response: str


def holds_answers(sample: Sample) -> bool:
    """Whether the first rows are MT-bench answers."""
    return any(_ID in row and _CHOICES in row for row in sample.objects)


def holds_questions(sample: Sample) -> bool:
    """Whether the first rows are MT-bench questions."""
    return any(_ID in row and _TURNS in row and _CHOICES not in row for row in sample.objects)


def read_questions(path: Path) -> dict[str, str]:
    """The first turn of each question, by its id as text.

    Raises:
        DatasetError: the file cannot be read, or has no question.
    """
    found: dict[str, str] = {}
    for row in _rows(path):
        name = None if row.problem else _id_of(row.value)
        asked = None if row.problem else _first_text(row.value.get(_TURNS))
        if name is not None and asked is not None:
            found[name] = asked
    if not found:
        raise DatasetError(
            f"{path.name} has no MT-bench question: expected rows with {_ID} and {_TURNS}, a list "
            "that begins with the question."
        )
    return found


def read_answers(
    path: Path, questions: Mapping[str, str]
) -> tuple[list[MtBenchAnswer], ReadingReport]:
    """The first turns of all answers, and what became of the rows.

    Args:
        path: the file of answers.
        questions: the first turn of each question, by its id.

    Raises:
        DatasetError: the file cannot be read.
    """
    builder = ReportBuilder(ColumnMapping(instruction=_ID, response=_CHOICES))
    answers = []
    for row in _rows(path):
        read = _answer(row, questions)
        if isinstance(read, str):
            builder.add_left_out(BadRow(line=row.line, reason=read))
            builder.add_row(row.value, RowReading([]), 0)
        else:
            answers.append(read)
            notes = tuple(_notes(row.value))
            builder.add_row(row.value, RowReading([], _USED, notes=notes), 1)
    return answers, builder.report([path.name], [])


def _rows(path: Path) -> Iterator[SourceRow]:
    for file in find_files(path):
        with open_rows(file) as opened:
            yield from opened.rows


def _answer(row: SourceRow, questions: Mapping[str, str]) -> MtBenchAnswer | str:
    """The answer of a row, or why it cannot be used."""
    if row.problem:
        return row.problem
    asked = _id_of(row.value)
    if asked is None:
        return f"the key {_ID!r} is missing"
    if asked not in questions:
        return f"question {asked} is not in the file of questions"
    turns = _turns(row.value)
    text = _first_text(turns[0] if turns else None)
    if text is None:
        return f"{_CHOICES!r} has no text in its first turn"
    try:
        content_sha256(questions[asked], "", text)
    except UnicodeEncodeError:
        return "half a surrogate pair (such as \\ud800), which is not a character"
    return MtBenchAnswer(line=row.line, row=row.value, instruction=questions[asked], response=text)


def _id_of(row: Mapping[str, Any]) -> str | None:
    """The id of a question, which some files contain as a number and others as text."""
    value = row.get(_ID)
    return as_text(value) if is_filled(value) else None


def _turns(row: Mapping[str, Any]) -> list[Any]:
    """The turns of each choice."""
    choices = as_list(row.get(_CHOICES)) or []
    return [one.get(_TURNS) for one in choices if isinstance(one, Mapping)]


def _notes(row: Mapping[str, Any]) -> Iterator[str]:
    turns = _turns(row)
    if len(turns) > 1:
        yield FURTHER_CHOICES
    if len(as_list(turns[0]) or ()) > 1:
        yield FURTHER_TURNS


def _first_text(turns: Any) -> str | None:
    found = as_list(turns)
    first = found[0] if found else None
    return first if isinstance(first, str) and first.strip() else None
