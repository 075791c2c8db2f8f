"""Read the instructions of a batch from a dataset file, with their tags."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.datasets.columns import candidates, normal
from itlim.datasets.rows import SourceRow
from itlim.datasets.sources import find_files, open_rows
from itlim.datasets.values import as_json_text, as_text, is_filled
from itlim.errors import DatasetError, InputError
from itlim.ids import file_sha256
from itlim.records import DatasetField
from itlim.text.messages import listed, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One row of an instruction file."""

    id: str
    """The row's own id, or its 1-based number in the file."""
    line: int
    """1-based line on which the row begins; its number in files without lines."""
    instruction: str
    input: str = ""
    task: str | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that cannot be asked."""

    id: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionFile:
    """The content of an instruction file."""

    name: str
    sha256: str
    items: tuple[BatchItem, ...]
    rejected: tuple[RejectedRow, ...]


def read_instructions(path: Path) -> InstructionFile:
    """Read a file of instructions: JSON, JSONL, CSV, TSV (also gzipped), Parquet or Arrow.

    Of each row, only an instruction is required, in a column with one of the usual names; `input`,
    `id`, `task` and `topic` are used if they are there, and other columns are not.

    Raises:
        InputError: there is no such file.
        DatasetError: the file cannot be read, or has no row with an instruction.
    """
    if not path.is_file():
        # A dataset may be a hub id, but instructions are a file; nothing is downloaded by mistake.
        raise InputError(f"There is no file {path}. Give a file with a column `instruction`.")
    items, rejected = [], []
    for number, row in enumerate(_rows(path), 1):
        found = _item(row, number)
        if isinstance(found, BatchItem):
            items.append(found)
        else:
            rejected.append(found)
    if not items:
        first = (
            f" The first row (line {rejected[0].line}): {rejected[0].reason}" if rejected else ""
        )
        raise DatasetError(
            f"{path} has {plural(len(rejected), 'row')} and none with an instruction: give a file "
            f"with a column `instruction`.{first}"
        )
    return InstructionFile(
        name=path.name, sha256=file_sha256(path), items=tuple(items), rejected=tuple(rejected)
    )


def _rows(path: Path) -> Iterator[SourceRow]:
    for file in find_files(path):
        with open_rows(file) as opened:
            yield from opened.rows


def _item(row: SourceRow, number: int) -> BatchItem | RejectedRow:
    if row.problem:
        return RejectedRow(id=str(number), line=row.line, reason=f"{row.problem}.")
    filled = {column: value for column, value in row.value.items() if is_filled(value)}
    tags = {normal(str(column)): _text(value) for column, value in filled.items()}
    item = tags.get("id") or str(number)
    asked = _first(filled, DatasetField.INSTRUCTION)
    if asked is None:
        columns = listed([str(column) for column in filled])
        reason = f"no instruction; its columns with a text are: {columns}."
        return RejectedRow(id=item, line=row.line, reason=reason)
    given = _first(
        {column: value for column, value in filled.items() if column != asked}, DatasetField.INPUT
    )
    texts = (_text(filled[asked]), "" if given is None else _text(filled[given]))
    try:
        "".join((*texts, item)).encode()
    except UnicodeEncodeError:
        reason = "half a surrogate pair (such as \\ud800), which is not a character."
        return RejectedRow(id=str(number), line=row.line, reason=reason)
    return BatchItem(
        id=item,
        line=row.line,
        instruction=texts[0],
        input=texts[1],
        task=tags.get("task"),
        topic=tags.get("topic"),
    )


def _first(row: Mapping[str, Any], field: DatasetField) -> str | None:
    """The preferred column of a field whose value is a text or a number."""
    usual = candidates([column for column in row if isinstance(column, str)], field)
    return next((column for column in usual if as_text(row[column]) is not None), None)


def _text(value: Any) -> str:
    found = as_text(value)
    return as_json_text(value) if found is None else found
