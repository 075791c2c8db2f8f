"""Input of a user-defined leave-out study: instructions with marked words of their answers.

The input is read from JSON lines and stored in the metadata of the study's table.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.errors import InputError

_METADATA = b"itlim.leave_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedInstruction:
    """An instruction and the words of the full model's answer that are studied."""

    line: int
    """1-based line number in the file."""
    instruction: str
    input: str = ""
    quotes: tuple[str, ...] = ()
    """Exact words of the answer; the first occurrence is used."""
    spans: tuple[tuple[int, int], ...] = ()
    """Half-open, in code points of the answer."""
    response: str | None = None
    """The answer in which the spans were marked; None if the file does not contain it."""


def read_marked_instructions(path: Path) -> tuple[MarkedInstruction, ...]:
    """Read JSON lines with `instruction`, optionally `input`, and `quotes` or `spans`.

    Output of `inspect --json` can be used after adding quotes or spans.

    Raises:
        InputError: the file cannot be read or is empty, or a line is invalid.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}): expected JSON lines.") from error
    found = [
        _marked_instruction(line, number, path)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not found:
        raise InputError(
            f'{path} is empty: expected lines such as {{"instruction": …, "quotes": …}}.'
        )
    return tuple(found)


def _marked_instruction(line: str, number: int, path: Path) -> MarkedInstruction:
    expected = '{"instruction": "…", "quotes": ["words of the answer"]} or "spans": [[start, stop]]'
    try:
        row: Any = json.loads(line)
        asked = MarkedInstruction(
            line=number,
            instruction=row["instruction"],
            input=row.get("input") or "",
            quotes=tuple(row.get("quotes") or ()),
            spans=tuple((int(start), int(stop)) for start, stop in row.get("spans") or ()),
            response=row.get("response"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path}, line {number} is invalid ({type(error).__name__}: {error}): expected "
            f"{expected}."
        ) from error
    texts = (asked.instruction, asked.input, *asked.quotes)
    if not all(isinstance(one, str) for one in texts) or not asked.instruction.strip():
        raise InputError(f"{path}, line {number}: expected {expected}.")
    if not asked.quotes and not asked.spans:
        raise InputError(f"{path}, line {number} does not mark any words: expected {expected}.")
    return asked


def with_origin(
    table: pa.Table, pair: str, asked: Sequence[MarkedInstruction], max_new_tokens: int
) -> pa.Table:
    """The table with the pair, questions and token limit needed to reproduce it as metadata."""
    origin = {
        "pair": pair,
        "asked": [asdict(one) for one in asked],
        "max_new_tokens": max_new_tokens,
    }
    return table.replace_schema_metadata({_METADATA: json.dumps(origin, ensure_ascii=False)})


def origin_of(path: Path) -> tuple[str, tuple[MarkedInstruction, ...], int] | None:
    """Pair, questions and token limit that `with_origin` stored; None if there are none."""
    text = (pq.read_schema(path).metadata or {}).get(_METADATA)
    if text is None:
        return None
    origin = json.loads(text)
    asked = [
        MarkedInstruction(
            **one | {"quotes": tuple(one["quotes"]), "spans": tuple(map(tuple, one["spans"]))}
        )
        for one in origin["asked"]
    ]
    return origin["pair"], tuple(asked), int(origin["max_new_tokens"])
