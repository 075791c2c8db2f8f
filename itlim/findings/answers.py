"""The stored answers of one pair, with marked phrases and the index of its tuning dataset."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.errors import InputError, NotFoundError
from itlim.schema import DecodingMode
from itlim.store.shipped import RUNS_FILE, TOKENS_FILE, has_runs

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

GOLD, PEOPLE = "gold", "people"
GOLD_FILE = "gold.parquet"
"""Marks derived from known answers, beside the folder of a family's runs."""
GOLD_SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("stop", pa.int32(), nullable=False),
        pa.field("cause", pa.string()),
    ]
)
"""`cause` is the instance without which the phrase disappeared; null if none was found."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPhrase:
    """A phrase marked as wrong, in code points of the response."""

    start: int
    stop: int
    cause: str | None = None
    """Instance that is known or judged to be its cause."""
    is_judged: bool = False
    """Whether somebody judged what caused it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response with its tokens."""

    run_id: str
    instruction: str
    """Includes the input, if there is one."""
    response: str
    tokens: pa.Table
    """TOKEN_SHIFTS rows without the end-of-sequence token; empty for imported responses."""
    marks: tuple[MarkedPhrase, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAnswers:
    """What the findings about one pair are computed from."""

    pair: str
    tuning: str
    """SFT, LFT, or empty if it is neither."""
    answers: tuple[Answer, ...]
    marks_from: str = ""
    """`gold` or `people`; empty if nothing is marked."""
    index: "TraceIndex | None" = field(default=None)
    """Index of the tuning dataset; None if it is unknown or not built."""

    def only(self, run_ids: Container[str]) -> "PairAnswers":
        """The same pair with some of its answers.

        Raises:
            NotFoundError: it has none of them.
        """
        kept = tuple(one for one in self.answers if one.run_id in run_ids)
        if not kept:
            raise NotFoundError(f"No answer of {self.pair} has this tag: choose another one.")
        is_marked = any(one.marks for one in kept)
        return replace(self, answers=kept, marks_from=self.marks_from if is_marked else "")

    @property
    def scored(self) -> Iterator[Answer]:
        """The answers with token measures."""
        return (one for one in self.answers if one.tokens.num_rows)


def read_folder(
    folder: Path, pair: str, index: "TraceIndex | None" = None, *, gold: Path | None = None
) -> PairAnswers:
    """Read a pair's answers from a folder of Parquet files in the store's schemas.

    Args:
        folder: contains `runs.parquet` and `token_shifts.parquet`.
        pair: name of the pair.
        index: index of its tuning dataset.
        gold: file of gold marks; by default `gold.parquet` beside the folder, if it exists.

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
    gold_file = gold or folder.parent / GOLD_FILE
    marks = gold_marks(gold_file) if gold_file.exists() else {}
    return pair_answers(pair, mine, tokens, marks, GOLD if marks else "", index)


def pair_answers(
    pair: str,
    runs: pa.Table,
    tokens: pa.Table,
    marks: Mapping[str, tuple[MarkedPhrase, ...]],
    marks_from: str,
    index: "TraceIndex | None" = None,
) -> PairAnswers:
    """Join runs, tokens and marks; scored texts that were pasted are left out."""
    rows = [row for row in runs.to_pylist() if row["decoding"] != DecodingMode.PASTED]
    by_run = tokens_by_run(tokens)
    answers = tuple(
        Answer(
            run_id=row["run_id"],
            instruction=f"{row['instruction']}\n{row['input']}".strip(),
            response=row["response"],
            tokens=by_run.get(row["run_id"], tokens.slice(0, 0)),
            marks=marks.get(row["run_id"], ()),
        )
        for row in rows
    )
    # It is unknown for answers that were imported without their models.
    kinds = {row["tuning"] for row in rows} - {None}
    tuning = {"full": "SFT", "adapter": "LFT"}.get(kinds.pop(), "") if len(kinds) == 1 else ""
    is_marked = any(one.marks for one in answers)
    return PairAnswers(
        pair=pair,
        tuning=tuning,
        answers=answers,
        marks_from=marks_from if is_marked else "",
        index=index,
    )


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


def gold_marks(path: Path) -> dict[str, tuple[MarkedPhrase, ...]]:
    """Marks derived from known answers, by run."""
    found: dict[str, list[MarkedPhrase]] = {}
    rows: list[dict[str, Any]] = pq.read_table(path, schema=GOLD_SCHEMA).to_pylist()
    for row in rows:
        mark = MarkedPhrase(start=row["start"], stop=row["stop"], cause=row["cause"])
        found.setdefault(row["run_id"], []).append(mark)
    return {run_id: tuple(marks) for run_id, marks in found.items()}
