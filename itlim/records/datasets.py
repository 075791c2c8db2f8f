"""Formats, column mappings and results of reading an instruction-tuning dataset."""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class DatasetFormat(StrEnum):
    """How a row represents instruction and response."""

    ALPACA = "alpaca"
    """`instruction`, `input`, `output`."""
    DOLLY = "dolly"
    """`instruction`, `context`, `response`."""
    PROMPT_RESPONSE = "prompt_response"
    """Two columns with names such as `prompt` and `completion`, `question` and `answer`."""
    SHAREGPT = "sharegpt"
    """`conversations`: objects with `from` and `value`."""
    MESSAGES = "messages"
    """`messages`: objects with `role` and `content` (OpenAI, Tulu)."""
    LIMA = "lima"
    """`conversations`: texts that alternate between user and assistant."""
    MAPPED = "mapped"
    """Columns named by the user."""


class DatasetField(StrEnum):
    """What a column of a dataset contains."""

    INSTRUCTION = "instruction"
    INPUT = "input"
    RESPONSE = "response"
    CONVERSATION = "conversation"
    SYSTEM = "system"
    """A system text beside the turns."""
    HISTORY = "history"
    """Earlier turns beside the instruction."""


class HubSource(str):
    """A hub id as it was typed; unlike any other text, it is never opened as a path."""

    __slots__ = ()


class FileKind(StrEnum):
    """File type of a dataset, independent of its row format."""

    JSON = "json"
    """One JSON array of rows, or one object that contains rows or columns."""
    JSONL = "jsonl"
    """One JSON object per line."""
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    ARROW = "arrow"
    """An Arrow stream, as `save_to_disk` of Hugging Face datasets writes it, or an Arrow file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """The column of each field; other columns are kept in `extra`."""

    instruction: str | None = None
    input: str | None = None
    """A row may lack this column; the instance then has no input."""
    response: str | None = None
    conversation: str | None = None
    """A column with a list of messages; instruction, input and response are then None."""
    system: str | None = None
    """A column with a system text; it begins the instance's input."""
    history: str | None = None
    """A column with earlier turns; they follow the system text in the instance's input."""

    def as_dict(self) -> dict[str, str]:
        """The mapped fields and their columns."""
        values = {str(field): getattr(self, field) for field in DatasetField}
        return {name: column for name, column in values.items() if column is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row, or a turn of a conversation, that cannot be used, and why."""

    line: int
    """1-based line on which the row begins (row number if the file has no lines)."""
    reason: str
    file: str = ""
    """File name; empty if the dataset is a single file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Rows, or turns of conversations, that cannot be used for the same reason."""

    reason: str
    """The reason of the first one; those of the others may differ in their numbers."""
    count: int
    first: tuple[BadRow, ...]
    """The first few, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedColumn:
    """A column whose content is part of instances."""

    field: DatasetField
    column: str
    rows: int
    """Number of rows in which its content was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedColumn:
    """A column, or a key of messages, whose content is not part of any instance's texts."""

    column: str
    """The column's name; for a key of messages, `column[].key`."""
    rows: int
    """Number of rows in which it has a value."""
    looks_like: DatasetField | None = None
    """The field that a column of this name usually contains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingNote:
    """Something about the reading of rows that changes what their instances contain."""

    text: str
    count: int
    """Number of times it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingReport:
    """What became of a dataset's rows and columns: nothing is left out without being counted."""

    n_rows: int
    n_rows_used: int
    """Rows with at least one instance."""
    n_instances: int
    n_left_out: int
    """Rows, and turns of conversations, that gave no instance."""
    left_out: tuple[LeftOut, ...]
    """Grouped by reason, the most frequent first."""
    used: tuple[UsedColumn, ...]
    unused: tuple[UnusedColumn, ...]
    """In order of first appearance. Their content is kept in `extra`."""
    notes: tuple[ReadingNote, ...]
    files: tuple[str, ...]
    """Names of the files that were read, in order."""
    not_read: tuple[str, ...]
    """Data files beside them and parts of them that were not read, such as other splits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesRead:
    """The usable rows of a dataset, and the rejected ones."""

    table: pa.Table
    """Rows of `schema.INSTANCES`."""
    format: DatasetFormat
    mapping: ColumnMapping
    bad_rows: tuple[BadRow, ...]
    """The first `datasets.MAX_BAD_ROWS_KEPT` rejected rows."""
    n_bad_rows: int
    """Total number of rejected rows."""
    report: ReadingReport


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPreview:
    """The detected format of a dataset and its first rows, for the user to check."""

    source: str
    """Path or hub id as the user gave it."""
    files: tuple[str, ...]
    kind: FileKind
    n_bytes: int
    """Size of the files on disk."""
    format: DatasetFormat | None
    """None if no format fits; a mapping is then required."""
    mapping: ColumnMapping
    reasons: tuple[str, ...]
    """Why this format was detected, or why none was."""
    columns: tuple[str, ...]
    """Every column (key) of the inspected rows, in order of first appearance."""
    first_rows: tuple[str, ...]
    """The first rows of the file, as JSON."""
    instances: pa.Table
    """The first instances, rows of `schema.INSTANCES`; empty without a format."""
    bad_rows: tuple[BadRow, ...]
    """The rejected rows among the inspected ones."""
    report: ReadingReport | None
    """What became of the inspected rows; None without a format."""
