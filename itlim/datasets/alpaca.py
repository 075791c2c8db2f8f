"""Read an instruction-tuning dataset with Alpaca's keys, as JSON or JSON lines."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.errors import DatasetError
from itlim.schema import INSTANCES

_KEYS = ("instruction", "input", "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that could not be used, and why."""

    line: int
    """1-based line of the file on which the row begins."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesRead:
    """The usable rows of a dataset and the ones that were left out."""

    table: pa.Table
    """Rows of `schema.INSTANCES`."""
    bad_rows: tuple[BadRow, ...]


def content_sha256(instruction: str, input: str, response: str) -> str:
    """Hash of what a model is tuned on; equal for exact duplicates under two ids."""
    content = json.dumps([instruction, input, response], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def read_alpaca(path: Path, dataset: str) -> InstancesRead:
    """Read `instruction`, `input` (may be missing) and `output`; other keys go to `extra`.

    An instance id is `<dataset>-<1-based row>`; rows that are left out keep their number.

    Raises:
        DatasetError: the file is missing, is no JSON at all, or has no usable row.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"Cannot read the dataset {path}: {error}. Give a UTF-8 JSON or JSONL file."
        ) from error
    rows: list[dict[str, Any]] = []
    bad_rows: list[BadRow] = []
    for number, (line, value) in enumerate(_values(text, path), start=1):
        reason = value.reason if isinstance(value, BadRow) else _fault(value)
        if reason:
            bad_rows.append(BadRow(line=line, reason=reason))
        else:
            rows.append(_instance(value, dataset, number, line))
    if not rows:
        first = f" The first: line {bad_rows[0].line}, {bad_rows[0].reason}." if bad_rows else ""
        raise DatasetError(
            f"{path} has no usable row among {len(bad_rows)}: expected objects with the keys "
            f"instruction, input and output.{first}"
        )
    return InstancesRead(
        table=pa.Table.from_pylist(rows, schema=INSTANCES), bad_rows=tuple(bad_rows)
    )


def _values(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """Line and value of each row; a line that is no JSON comes as a BadRow."""
    if text.lstrip().startswith("["):
        yield from _array_values(text, path)
        return
    # Not splitlines(): JSON strings may hold U+2028 and other exotic line ends.
    for line, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        try:
            yield line, json.loads(row)
        except json.JSONDecodeError as error:
            yield line, BadRow(line=line, reason=f"no JSON: {error.msg}")


def _array_values(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    decoder = json.JSONDecoder()
    position = text.index("[") + 1
    line, counted = 1, 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        if position >= len(text):
            raise DatasetError(f"{path} ends in the middle of its JSON array: is it cut off?")
        if text[position] == "]":
            return
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise DatasetError(f"{path}, line {line}: no valid JSON ({error.msg}).") from error
        yield line, value


def _fault(value: Any) -> str:
    """Why a row cannot be used; empty if it can."""
    if not isinstance(value, dict):
        return f"a {type(value).__name__}, expected an object"
    for key in _KEYS:
        if key not in value and key != "input":
            return f"the key {key!r} is missing"
        if not isinstance(value.get(key, ""), str):
            return f"{key!r} is a {type(value[key]).__name__}, expected text"
    for key in ("instruction", "output"):
        if not value[key].strip():
            return f"{key!r} is empty"
    return ""


def _instance(value: dict[str, Any], dataset: str, number: int, line: int) -> dict[str, Any]:
    instruction, input_, response = (value.get(key, "") for key in _KEYS)
    extra = {key: content for key, content in value.items() if key not in _KEYS}
    return {
        "instance_id": f"{dataset}-{number}",
        "content_sha256": content_sha256(instruction, input_, response),
        "dataset": dataset,
        "source_line": line,
        "instruction": instruction,
        "input": input_,
        "response": response,
        "extra": json.dumps(extra, ensure_ascii=False, sort_keys=True),
    }
