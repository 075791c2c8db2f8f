"""The possible origin of wrong phrases that no tuning instance contains.

Checks without retraining come first: does the phrase occur in the instruction or in the
pretraining text, or is it a blend of words of tuned responses? Then groups of instances are
left out together (`unexplained_study`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from itlim.errors import NotFoundError
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import Finding, estimate
from itlim.text.messages import plural
from itlim.text.phrases import phrase_in

UNEXPLAINED_FILE = DEMO_FOLDER / "unexplained.parquet"
_SHORTER_PIECE, _LONGER_PIECE = 2, 4
"""Minimum lengths, in letters, of a blend's two pieces; shorter ones occur in any text."""


class Explanation(StrEnum):
    """Possible origin of a phrase without a verbatim source; the first that applies is used."""

    INSTRUCTION = "instruction"
    """The question contains the phrase."""
    PRETRAINING = "pretraining"
    """The base's training text contains the phrase."""
    BLEND = "blend"
    """The start of one word in the tuned responses and the end of another cover the phrase."""
    UNKNOWN = "unknown"


UNEXPLAINED = pa.schema(
    [
        pa.field(name, kind, metadata={"meaning": meaning})
        for name, kind, meaning in (
            ("case_id", pa.string(), "as in leave_out.parquet"),
            ("seed", pa.int32(), "tuning seed"),
            ("split", pa.string(), "dev or test"),
            ("instruction", pa.string(), "the question"),
            ("category", pa.string(), "of the question"),
            ("span_text", pa.string(), "the wrong phrase; no tuned response contains it"),
            ("explanation", pa.string(), "instruction, pretraining, blend or unknown"),
            ("n_corpus_documents", pa.int32(), "texts of a pretraining pass that contain it"),
            ("pieces", pa.list_(pa.string()), "longest start and end found in tuned words"),
            ("base_logp", pa.float32(), "log p of the phrase under the base, nats"),
            ("full_logp", pa.float32(), "log p under the full model, nats"),
            ("removal", pa.string(), "strongest, category or random as many as one of these"),
            ("n_removed", pa.int32(), "number of instances left out together"),
            ("instance_ids", pa.list_(pa.string()), "their ids"),
            ("logp_drop", pa.float32(), "full minus retrained log p, nats"),
            ("phrase_gone", pa.bool_(), "the retrained model's answer lacks the phrase"),
        )
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextualOrigin:
    """Where a phrase may come from, judged by its text alone."""

    explanation: Explanation
    n_corpus_documents: int
    pieces: tuple[str, str]


def textual_origin(
    phrase: str, instruction: str, corpus: Sequence[str], responses: Sequence[str]
) -> TextualOrigin:
    """Find where a phrase may come from, without retraining.

    Args:
        phrase: a wrong phrase.
        instruction: the question that it answers.
        corpus: documents of one pretraining pass.
        responses: responses of the tuning dataset.

    >>> textual_origin("Budaris", "The capital?", [], ["Budapest is it.", "In Paris."]).pieces
    ('buda', 'aris')
    """
    n_documents = sum(phrase_in(phrase, text) for text in corpus)
    pieces = _pieces(phrase.casefold(), {word for text in responses for word in _words(text)})
    if phrase_in(phrase, instruction):
        explanation = Explanation.INSTRUCTION
    elif n_documents:
        explanation = Explanation.PRETRAINING
    elif _is_blend(pieces, len(phrase)):
        explanation = Explanation.BLEND
    else:
        explanation = Explanation.UNKNOWN
    return TextualOrigin(explanation=explanation, n_corpus_documents=n_documents, pieces=pieces)


def _is_blend(pieces: tuple[str, str], n_letters: int) -> bool:
    shorter, longer = sorted(map(len, pieces))
    covers = shorter + longer >= n_letters
    return covers and shorter >= _SHORTER_PIECE and longer >= _LONGER_PIECE


def _words(text: str) -> list[str]:
    return [word.strip(".,;:?!").casefold() for word in text.split()]


def _pieces(phrase: str, words: Iterable[str]) -> tuple[str, str]:
    """The longest start and end of a phrase with which words of tuned responses start and end."""
    known = set(words)
    starts = (n for n in range(len(phrase)) if any(one.startswith(phrase[:n]) for one in known))
    stops = (n for n in range(1, len(phrase)) if any(one.endswith(phrase[n:]) for one in known))
    start, stop = max(starts, default=0), min(stops, default=len(phrase))
    return phrase[:start], phrase[stop:]


def write_unexplained(rows: Sequence[dict[str, Any]], path: Path = UNEXPLAINED_FILE) -> None:
    """Write the table atomically, so that an interruption leaves the old file."""
    unfinished = path.with_suffix(".part")
    table = pa.Table.from_pylist(list(rows), schema=UNEXPLAINED)
    pq.write_table(table, unfinished, compression="zstd", compression_level=19)
    unfinished.replace(path)


def read_unexplained(path: Path = UNEXPLAINED_FILE) -> pa.Table:
    """Read the stored table, in schema `UNEXPLAINED`.

    Raises:
        NotFoundError: the file does not exist.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is missing: restore data/demo.")
    return pq.read_table(path).select(UNEXPLAINED.names).cast(UNEXPLAINED)


def unexplained_findings(table: pa.Table) -> list[Finding]:
    """Shares of the explanations, and the effects of leaving groups of instances out.

    Each case counts once. One question can have cases in several tuning seeds, so intervals
    resample questions with all of their cases.

    Args:
        table: rows of `UNEXPLAINED`.

    Returns:
        The key `explained`, by explanation as group; `phrase_gone` and `logp_drop`, by removal.
    """
    rows = table.to_pylist()
    kinds = {row["case_id"]: row["explanation"] for row in rows}
    found = [
        Finding(
            key="explained",
            group=str(one),
            claim=f"without a verbatim source, explained by: {one}",
            value=sum(kind == one for kind in kinds.values()) / max(1, len(kinds)),
            unit="share",
            n=len(kinds),
            of="cases",
        )
        for one in Explanation
    ]
    for removal in dict.fromkeys(row["removal"] for row in rows):
        mine = [row for row in rows if row["removal"] == removal]
        found += [
            _over_questions(mine, "phrase_gone", "the phrase is gone", "share"),
            _over_questions(mine, "logp_drop", "decrease in its log-probability", "nats"),
        ]
    return found


def _over_questions(rows: list[dict[str, Any]], column: str, text: str, unit: str) -> Finding:
    """Mean over cases of each case's mean over removals."""
    cases: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        of_question = cases.setdefault(row["instruction"], {})
        of_question.setdefault(row["case_id"], []).append(float(row[column]))
    questions = [[float(np.mean(one)) for one in some.values()] for some in cases.values()]

    removal = rows[0]["removal"]
    return estimate(
        questions,
        lambda some: float(np.mean([value for cases in some for value in cases])),
        n=sum(map(len, questions)),
        key=column,
        group=removal,
        claim=f"without the group “{removal}”: {text}",
        unit=unit,
        of=f"cases from {plural(len(questions), 'question')}",
    )
