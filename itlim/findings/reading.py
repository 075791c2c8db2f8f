"""Read a pair's answers from files, and join runs with tokens, marks and known answers."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.errors import InputError, NotFoundError
from itlim.findings.answers import (
    GOLD,
    Answer,
    MarkedPhrase,
    PairAnswers,
    is_known,
    question_of,
)
from itlim.findings.known import GOLD_FILE, QUESTIONS_FILE, known_answers, read_gold
from itlim.schema import DecodingMode
from itlim.store.batches import tasks_of_rows
from itlim.store.shipped import RUNS_FILE, TAGS_FILE, TOKENS_FILE, has_runs
from itlim.text.phrases import phrase_in

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

TOKEN_COLUMNS = (
    "run_id",
    "position",
    "text",
    "char_start",
    "char_stop",
    "is_eos",
    "category",
    "kl_tuned_base",
    "base_prob",
    "base_rank",
)
RUN_COLUMNS = ("run_id", "pair", "tuning", "instruction", "input", "response", "decoding")


def read_folder(folder: Path, pair: str, index: "TraceIndex | None" = None) -> PairAnswers:
    """Read a pair's answers from a folder of Parquet files in the store's schemas.

    Args:
        folder: contains `runs.parquet` and `token_shifts.parquet`. Beside it may be `gold.parquet`
            with gold marks, and `eval_test.jsonl` with questions that have known answers.
        pair: name of the pair.
        index: index of its tuning dataset.

    Raises:
        InputError: the folder lacks a file.
        NotFoundError: it contains no answer of the pair.
    """
    if not has_runs(folder):
        raise InputError(
            f"{folder} has no {RUNS_FILE} and {TOKENS_FILE}: give a folder of exported runs."
        )
    runs = pq.read_table(folder / RUNS_FILE, columns=list(RUN_COLUMNS))
    mine = runs.filter(pc.equal(runs["pair"], pair))
    if not mine.num_rows:
        known = ", ".join(sorted(set(runs["pair"].to_pylist())))
        raise NotFoundError(f"{folder} contains no answer of {pair!r}. It has answers of {known}.")
    tokens = pq.read_table(
        folder / TOKENS_FILE,
        columns=list(TOKEN_COLUMNS),
        filters=[("run_id", "in", mine["run_id"].to_pylist())],
    )
    gold = read_gold([folder.parent / GOLD_FILE])
    return pair_answers(
        pair,
        mine,
        tokens,
        gold.marks,
        GOLD if gold.marks else "",
        index,
        reviewed=gold.examined,
        known=known_answers(folder.parent / QUESTIONS_FILE),
        tasks=_tasks(folder / TAGS_FILE),
    )


def pair_answers(
    pair: str,
    runs: pa.Table,
    tokens: pa.Table,
    marks: Mapping[str, tuple[MarkedPhrase, ...]],
    marks_from: str,
    index: "TraceIndex | None" = None,
    *,
    reviewed: Collection[str],
    known: Mapping[str, tuple[str, ...]] | None = None,
    tasks: Mapping[str, str] | None = None,
) -> PairAnswers:
    """Join runs, tokens and marks; scored texts that were pasted are left out.

    Args:
        pair: name of the pair.
        runs: rows with `RUN_COLUMNS`.
        tokens: rows with `TOKEN_COLUMNS`.
        marks: marked phrases by run.
        marks_from: `gold`, `people` or empty.
        index: index of the tuning dataset.
        reviewed: runs that were examined for wrong phrases: without a mark, they have none.
        known: known answers by question, from `known_answers`.
        tasks: task tag by run.
    """
    right, tags = known or {}, tasks or {}
    rows = [row for row in runs.to_pylist() if row["decoding"] != DecodingMode.PASTED]
    by_run = tokens_by_run(tokens)
    answers = tuple(
        Answer(
            run_id=row["run_id"],
            instruction=question_of(row["instruction"], row["input"]),
            response=row["response"],
            tokens=by_run.get(row["run_id"], tokens.slice(0, 0)),
            marks=marks.get(row["run_id"], ()),
            task=tags.get(row["run_id"], ""),
            is_right=_is_right(row, right),
            is_reviewed=row["run_id"] in reviewed,
        )
        for row in rows
    )
    # It is unknown for answers that were imported without their models.
    kinds = {row["tuning"] for row in rows} - {None}
    tuning = {"full": "SFT", "adapter": "LFT"}.get(kinds.pop(), "") if len(kinds) == 1 else ""
    return PairAnswers(
        pair=pair,
        tuning=tuning,
        answers=answers,
        marks_from=marks_from if is_known(answers) else "",
        index=index,
    )


def _tasks(path: Path) -> dict[str, str]:
    """The task tag of each run that has one; empty without the file."""
    if not path.exists():
        return {}
    columns = ["run_id", "item", "task"]
    rows = pq.read_table(path, columns=columns).to_pylist()
    return tasks_of_rows(tuple(row[name] for name in columns) for row in rows)


def _is_right(row: Mapping[str, Any], known: Mapping[str, tuple[str, ...]]) -> bool | None:
    answers = known.get(question_of(row["instruction"], row["input"]))
    if answers is None:
        return None
    return any(phrase_in(one, row["response"]) for one in answers)


def tokens_by_run(tokens: pa.Table) -> dict[str, pa.Table]:
    """Each run's rows in order of position, without the end-of-sequence token."""
    if not tokens.num_rows:
        return {}
    kept = tokens.filter(pc.invert(tokens["is_eos"])).sort_by(
        [("run_id", "ascending"), ("position", "ascending")]
    )
    if not kept.num_rows:
        return {}
    ids = kept["run_id"].to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    stops = np.append(starts[1:], len(ids))
    return {
        str(ids[start]): kept.slice(start, stop - start)
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    }
