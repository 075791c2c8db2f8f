"""Read sets of answers, and join those of several models by prompt."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.datasets import read_dataset, report_lines
from itlim.errors import InputError
from itlim.text.messages import plural
from itlim.text.prompts import asked_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a model."""

    instruction: str
    """The instruction; an input follows it on a new line."""
    response: str
    id: str = ""
    """Id of the prompt; empty if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSet:
    """All answers of one model."""

    name: str
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()
    """What became of rows that could not be used."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Instruction and response of each answer, as a chance baseline is fitted to them."""
        return [(one.instruction, one.response) for one in self.answers]


def read_answers(path: str | Path, name: str = "") -> AnswerSet:
    """Read a file of instructions and answers: JSONL, JSON, CSV, TSV, Parquet or Arrow.

    Args:
        path: file with the columns `instruction` and `output`, and optionally `input` and `id`,
            or with any other columns that a dataset may have.
        name: name of the model; that of the file if empty.

    Raises:
        DatasetError: the file cannot be read, or has no usable row.
    """
    file = Path(path)
    chosen = name or file.name.removesuffix(".gz").rpartition(".")[0] or file.name
    if not file.exists():
        # A dataset may be a hub id, but answers are files; nothing is downloaded by mistake.
        raise InputError(f"There is no file {file}. Give a file with instruction and output.")
    read = read_dataset(file, chosen)
    columns = read.table.select(["instruction", "input", "response", "extra"]).to_pydict()
    answers = tuple(
        Answer(instruction=asked_text(asked, given), response=response, id=_id_in(extra))
        for asked, given, response, extra in zip(*columns.values(), strict=True)
    )
    left_out = [line for line in report_lines(read.report) if line.startswith("Left out")]
    return AnswerSet(
        name=chosen, answers=answers, notes=tuple(f"{file.name}: {line}" for line in left_out)
    )


def answers_of_rows(name: str, rows: Iterable[Mapping[str, Any]]) -> AnswerSet:
    """The answers of rows such as stored runs.

    Args:
        name: name of the model.
        rows: objects with `instruction`, `response` or `output`, and optionally `input` and `id`.

    Raises:
        InputError: there is no row, or a row lacks a text.
    """
    answers = []
    for number, row in enumerate(rows, 1):
        asked, response = row.get("instruction"), row.get("response", row.get("output"))
        if not isinstance(asked, str) or not isinstance(response, str):
            raise InputError(
                f"Row {number} of {name} has the keys {', '.join(map(str, row))}: expected the "
                "texts instruction and response (or output)."
            )
        id_ = row.get("id")
        answers.append(
            Answer(
                instruction=asked_text(asked, row.get("input") or ""),
                response=response,
                id="" if id_ is None else str(id_),
            )
        )
    if not answers:
        raise InputError(f"{name} has no answer. Ask its model questions first, or give a file.")
    return AnswerSet(name=name, answers=tuple(answers))


def _id_in(extra: str) -> str:
    value = json.loads(extra).get("id") if extra else None
    return "" if value is None else str(value)


def joined(responses: Sequence[Answer], controls: Sequence[Answer]) -> dict[int, int]:
    """Find the control answer to the same prompt as each response.

    Answers to equal instructions (whitespace ignored) are joined. If an instruction occurs several
    times, answers with equal ids are joined first, and the rest in order.

    Returns:
        Positions in `controls` by position in `responses`; responses without counterpart are
        absent, and each control answer is used at most once.

    >>> ask = lambda id: Answer(instruction="Name a river.", response="", id=id)
    >>> joined([ask("a"), ask("b"), ask("c")], [ask("b"), ask("x")])
    {1: 0, 0: 1}
    """
    by_instruction: dict[str, list[int]] = defaultdict(list)
    for place, answer in enumerate(controls):
        by_instruction[_key(answer)].append(place)
    groups: dict[str, list[int]] = defaultdict(list)
    for place, answer in enumerate(responses):
        groups[_key(answer)].append(place)
    found: dict[int, int] = {}
    for key, places in groups.items():
        free = by_instruction[key]
        by_id = {controls[other].id: other for other in reversed(free) if controls[other].id}
        for place in places:
            other = by_id.pop(responses[place].id, None)
            if other is not None:
                found[place] = other
                free.remove(other)
        rest = [place for place in places if place not in found]
        found |= dict(zip(rest, free, strict=False))
    return found


def _key(answer: Answer) -> str:
    return " ".join(answer.instruction.split())


def joined_controls(
    responses: AnswerSet, controls: Sequence[AnswerSet]
) -> tuple[list[dict[int, Answer]], tuple[str, ...]]:
    """The answers of each control by position of the response, and notes on what is missing.

    Raises:
        InputError: a control has no answer to any of the prompts.
    """
    found, notes = [], []
    for control in controls:
        pairs = joined(responses.answers, control.answers)
        if not pairs:
            raise InputError(
                f"No instruction of {control.name} is an instruction of {responses.name}: controls "
                "must answer the same instructions as the responses."
            )
        missing = len(responses.answers) - len(pairs)
        if missing:
            notes.append(f"{control.name}: no answer to {plural(missing, 'prompt')}.")
        found.append({place: control.answers[other] for place, other in pairs.items()})
    return found, tuple(notes)
