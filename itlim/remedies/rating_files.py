"""Read files of ratings: what `itlim judge` writes, and published ratings such as just-eval's.

A row names judge, model and answer, and has a score per aspect: in columns of the aspects' names,
or in an object `scores`, with `reasons` beside it. Every kind of file that datasets have is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets.sources import find_files, open_rows
from itlim.errors import InputError
from itlim.records.ratings import JUDGE_RATINGS, Aspect, ParseStatus
from itlim.remedies.imported_rows import AnswersTo, only_answer, required_text, text_in
from itlim.remedies.judge_prompt import ratings_of

IMPORTED = "imported"
"""Prompt version of ratings whose file names none."""
_JUDGE, _MODEL, _ANSWER = ("judge", "rater"), ("model", "pair"), ("response_id", "run_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingsRead:
    """The ratings of a file, and the rows that are none."""

    ratings: pa.Table
    """`records.ratings.JUDGE_RATINGS`."""
    rejected: tuple[tuple[int, str], ...]
    """Line, from 1, and reason."""

    @property
    def judges(self) -> tuple[str, ...]:
        """The judges in the file, in order of first appearance."""
        return tuple(dict.fromkeys(self.ratings["judge"].to_pylist()))


def read_ratings(path: Path, answers_to: AnswersTo) -> RatingsRead:
    """Read a file of ratings; a row that is none is rejected with its reason.

    Args:
        path: the file.
        answers_to: finds the answers of a row without an id, by model and instruction.

    Raises:
        DatasetError: the file cannot be read.
    """
    rows, rejected = [], []
    for file in find_files(path):
        with open_rows(file) as opened:
            for source in opened.rows:
                try:
                    if source.problem:
                        raise InputError(source.problem)
                    rows.append(_row(source.value, answers_to))
                except InputError as error:
                    rejected.append((source.line, str(error)))
    table = pa.Table.from_pylist(rows, schema=JUDGE_RATINGS)
    return RatingsRead(ratings=table, rejected=tuple(rejected))


def _row(row: Mapping[str, Any], answers_to: AnswersTo) -> dict[str, Any]:
    judge, model = required_text(row, _JUDGE), required_text(row, _MODEL)
    instruction = required_text(row, ("instruction",))
    run_id = text_in(row, _ANSWER) or only_answer(
        answers_to(model, instruction), model, remedy="name the answer in response_id"
    )
    ratings = ratings_of(_given(row))
    if row.get("status") == ParseStatus.FAILED and ratings.scores:
        raise InputError("its status is failed, but it has scores")
    return {
        "run_id": run_id,
        "pair": model,
        "instruction": instruction,
        "task": _task(row),
        "judge": judge,
        "prompt_version": text_in(row, ("prompt_version",)) or IMPORTED,
        "status": str(ratings.status),
        "problem": text_in(row, ("problem",)) or ratings.problem,
        "n_asked": _count(row.get("n_asked")),
        "raw": text_in(row, ("raw",)),
        **{str(aspect): ratings.scores.get(aspect) for aspect in Aspect},
        **{f"{aspect}_reason": ratings.reasons.get(aspect) for aspect in Aspect},
        "rated_at": _time(row.get("rated_at")),
    }


def _given(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Score and reason of each aspect that the row has, as a judge writes them."""
    scores, reasons = row.get("scores"), row.get("reasons")
    found = {}
    for aspect in map(str, Aspect):
        score = scores.get(aspect) if isinstance(scores, Mapping) else row.get(aspect)
        said = reasons.get(aspect) if isinstance(reasons, Mapping) else row.get(f"{aspect}_reason")
        if score is not None or said:
            found[aspect] = {"score": score, "reason": said if isinstance(said, str) else ""}
    return found


def _task(row: Mapping[str, Any]) -> str | None:
    tasks = row.get("task_types")
    first = tasks[0] if isinstance(tasks, Sequence) and tasks else None
    return text_in(row, ("task",)) or (first if isinstance(first, str) else None)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 1 <= value < 2**31 else 1


def _time(value: Any) -> datetime | None:
    """A time in UTC; None if there is none that can be read."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
