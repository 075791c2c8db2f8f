"""Read files of answers that were generated elsewhere: instruction, output and a model's name.

Any layout of `reading` is read, among them those of alpaca_eval and just-eval, which name the model
in a column, and MT-bench answers, which need a second file for their questions.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from itlim import __version__
from itlim.datasets import mt_bench
from itlim.datasets.columns import normal
from itlim.datasets.reading import open_dataset
from itlim.datasets.report_text import report_lines, rows_text
from itlim.datasets.sample import read_sample
from itlim.datasets.values import as_text, is_filled
from itlim.errors import InputError
from itlim.ids import response_run_id
from itlim.records import (
    IMPORTED_ORIGIN,
    BadRow,
    LeftOut,
    ReadingNote,
    ReadingReport,
    ResponseRun,
)
from itlim.schema import RUN_TAGS

MODEL_COLUMNS = ("generator", "model_id", "model")
"""Columns that name the model that answered, in order of preference."""
TAG_COLUMNS = ("task", "topic")
"""Columns that become tags of the answer."""
NO_MODEL = f"no model is named in {', '.join(MODEL_COLUMNS)}"
REPEATED = "the same answer again, which is stored once"
_FIRST_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesRead:
    """The distinct answers of a file, and what became of its rows."""

    runs: tuple[ResponseRun, ...]
    """In the order of the file."""
    report: ReadingReport
    tags: pa.Table
    """`schema.RUN_TAGS`: task and topic of the rows that name one, as instruction files do."""

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that answered, in order of first appearance."""
        return tuple(dict.fromkeys(run.pair for run in self.runs))

    @property
    def lines(self) -> list[str]:
        """What became of rows and columns, one sentence each; at least the number of rows."""
        return report_lines(self.report) or [rows_text(self.report)]


class _Answer(NamedTuple):
    line: int
    model: str
    """Empty if the row names none."""
    instruction: str
    input: str
    response: str
    row: Mapping[str, Any]
    """Columns that are no text of the answer."""


def is_question_file(path: Path) -> bool:
    """Whether a file contains the questions of MT-bench and no answers.

    Raises:
        DatasetError: the file cannot be read.
    """
    return mt_bench.holds_questions(read_sample(path))


def read_responses(
    path: str | Path,
    *,
    imported_at: datetime,
    model: str = "",
    questions: str | Path | None = None,
) -> ResponsesRead:
    """Read a file of answers as runs without token measures.

    Args:
        path: JSON, JSONL, CSV, TSV, Parquet or Arrow.
        imported_at: time of the import, with its zone.
        model: name of the model that answered; if empty, each row must name its own.
        questions: file of the questions; required for MT-bench answers and not used otherwise.

    Raises:
        InputError: the file does not exist, no row names a model, or MT-bench answers came without
            their questions.
        DatasetError: the file cannot be read, or has no usable row.
    """
    file, name = Path(path), model.strip()
    if not file.is_file():
        # A dataset may be a folder or a hub id, but answers are files; nothing is downloaded.
        raise InputError(f"There is no file {file}. Give a file with instruction and output.")
    if mt_bench.holds_answers(read_sample(file)):
        answers, report = _of_mt_bench(file, name, questions)
    else:
        answers, report = _of_dataset(file, name)
    named = [one for one in answers if one.model]
    if not named:
        raise InputError(
            f"{file.name} has no row whose model is known: {_why_none(report)}. Give the model's "
            f"name (--model NAME), or a file that names it in {', '.join(MODEL_COLUMNS)}."
        )
    runs, tags = dict[str, ResponseRun](), list[dict[str, str | None]]()
    for one in named:
        run = _run(one, imported_at)
        runs[run.run_id] = run
        tags += _tags(run.run_id, one)
    unnamed = [one.line for one in answers if not one.model]
    report = _completed(report, unnamed, n_repeated=len(named) - len(runs), given=bool(name))
    return ResponsesRead(
        runs=tuple(runs.values()),
        report=report,
        tags=pa.Table.from_pylist(tags, schema=RUN_TAGS),
    )


def _of_dataset(path: Path, model: str) -> tuple[list[_Answer], ReadingReport]:
    reader = open_dataset(path, path.name)
    answers = []
    for batch in reader.batches():
        columns = batch.select(["source_line", "extra", "instruction", "input", "response"])
        for line, extra, asked, given, text in zip(*columns.to_pydict().values(), strict=True):
            row = json.loads(extra or "{}")
            answers.append(_Answer(line, model or _model_of(row), asked, given, text, row))
    return answers, reader.report


def _of_mt_bench(
    path: Path, model: str, questions: str | Path | None
) -> tuple[list[_Answer], ReadingReport]:
    if questions is None:
        raise InputError(
            f"{path.name} contains MT-bench answers, which name their questions by id. Give the "
            "file of the questions as well (--questions FILE, with question_id and turns)."
        )
    found, report = mt_bench.read_answers(path, mt_bench.read_questions(Path(questions)))
    return [
        _Answer(one.line, model or _model_of(one.row), one.instruction, "", one.response, one.row)
        for one in found
    ], report


def _model_of(row: Mapping[str, Any]) -> str:
    """The model that a row names; empty if it names none."""
    for column in MODEL_COLUMNS:
        value = row.get(column)
        # Half a surrogate pair cannot be stored.
        if isinstance(value, str) and value.strip() and value.isprintable():
            return value.strip()
    return ""


def _tags(run_id: str, one: _Answer) -> list[dict[str, str | None]]:
    """The row of `schema.RUN_TAGS` of an answer; none without task and topic."""
    found = {normal(str(column)): _tag(value) for column, value in one.row.items()}
    task, topic = found.get("task"), found.get("topic")
    if task is None and topic is None:
        return []
    item = found.get("id") or str(one.line)
    return [{"run_id": run_id, "item": item, "task": task, "topic": topic}]


def _tag(value: Any) -> str | None:
    text = as_text(value) if is_filled(value) else None
    # Half a surrogate pair cannot be stored.
    return text if text is not None and text.isprintable() else None


def _why_none(report: ReadingReport) -> str:
    if report.n_instances:
        return NO_MODEL
    return report.left_out[0].reason if report.left_out else "it is empty"


def _run(one: _Answer, imported_at: datetime) -> ResponseRun:
    return ResponseRun(
        run_id=response_run_id(one.model, one.instruction, one.input, one.response),
        created_at=imported_at,
        pair=one.model,
        instruction=one.instruction,
        input=one.input,
        response=one.response,
        origin=IMPORTED_ORIGIN,
        itlim_version=__version__,
    )


def _completed(
    report: ReadingReport, unnamed: Sequence[int], *, n_repeated: int, given: bool
) -> ReadingReport:
    """The report with the rows that name no model, and repeated answers."""
    left_out, notes, unused = list(report.left_out), list(report.notes), report.unused
    if unnamed:
        first = tuple(BadRow(line=line, reason=NO_MODEL) for line in unnamed[:_FIRST_ROWS])
        left_out.append(LeftOut(reason=NO_MODEL, count=len(unnamed), first=first))
    if n_repeated:
        notes.append(ReadingNote(text=REPEATED, count=n_repeated))
    unused = tuple(one for one in unused if normal(one.column) not in TAG_COLUMNS)
    if not given:
        unused = tuple(one for one in unused if one.column not in MODEL_COLUMNS)
    return replace(
        report,
        n_rows_used=report.n_rows_used - len(set(unnamed)),
        n_instances=report.n_instances - len(unnamed),
        n_left_out=report.n_left_out + len(unnamed),
        left_out=tuple(left_out),
        notes=tuple(notes),
        unused=unused,
    )
