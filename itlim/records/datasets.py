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


class FileKind(StrEnum):
    """File type of a dataset, independent of its row format."""

    JSON = "json"
    """One JSON array of rows."""
    JSONL = "jsonl"
    """One JSON object per line."""
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    ARROW = "arrow"
    """As written by `save_to_disk` of Hugging Face datasets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """The columns with instruction, input and response; other columns are kept in `extra`."""

    instruction: str | None = None
    input: str | None = None
    """A row may lack this column; the instance then has no input."""
    response: str | None = None
    conversation: str | None = None
    """A column with a list of messages; the other three are then None."""

    def as_dict(self) -> dict[str, str]:
        """The mapped fields and their columns."""
        values = {
            "instruction": self.instruction,
            "input": self.input,
            "response": self.response,
            "conversation": self.conversation,
        }
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
