"""Borrowing in the answers of a pair's base model alone, the control of that of the pair."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.findings.answers import Answer, PairAnswers, question_of
from itlim.findings.borrowing import borrowed_share
from itlim.findings.estimates import Estimate
from itlim.findings.kept import findings_key, keep, load_kept
from itlim.ids import content_hash
from itlim.schema import TuningKind
from itlim.store.shipped import RUNS_FILE

_CLAIM = "answers of the base model alone with a borrowed phrase (control)"
_MISSING = "No answer of the base model alone to these instructions is stored: ask it as a pair."


def base_control(
    pair: PairAnswers, rows: Sequence[Mapping[str, Any]], folders: Sequence[Path] = ()
) -> Estimate:
    """The share of the base model's answers in which a phrase is borrowed beyond chance.

    The base model was never tuned on the dataset, so what counts there counts without tuning.

    Args:
        pair: answers of the tuned model; the base model's count if they answer the same.
        rows: answers of its base model alone, with `run_id`, `instruction`, `input` and `response`.
        folders: kept findings; a new number is kept in the first folder.
    """
    asked = {one.instruction for one in pair.answers}
    answers = [_answer(row) for row in rows]
    control = replace(
        pair, answers=tuple(one for one in answers if one.instruction in asked), marks_from=""
    )
    key = content_hash("base control", findings_key(control))[:16]
    kept = load_kept(folders, key)
    if kept:
        return kept[0]
    found = borrowed_share(control, "borrowed_base", _CLAIM, _MISSING)
    if folders and found.value is not None:
        keep(folders[0], key, [found])
    return found


def base_rows(folder: Path, pair: str) -> list[dict[str, Any]]:
    """What the base model of a pair answered alone, from a folder of runs in the store's schemas.

    It is the same model if its weights have the same hash, whatever it is named.
    """
    columns = ["run_id", "pair", "tuning", "base_hash", "instruction", "input", "response"]
    rows = pq.read_table(folder / RUNS_FILE, columns=columns).to_pylist()
    hashes = {row["base_hash"] for row in rows if row["pair"] == pair} - {None}
    return [row for row in rows if row["tuning"] == TuningKind.NONE and row["base_hash"] in hashes]


def _answer(row: Mapping[str, Any]) -> Answer:
    return Answer(
        run_id=row["run_id"],
        instruction=question_of(row["instruction"], row["input"]),
        response=row["response"],
        tokens=pa.table({}),
    )
