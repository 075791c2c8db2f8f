"""What reading an instruction-tuning dataset is asked to do, and what it gives back."""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class DatasetFormat(StrEnum):
    """How a row holds its instruction and its response."""

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
    """`conversations`: texts, user and assistant in turn."""
    MAPPED = "mapped"
    """Columns named by the user."""


class FileKind(StrEnum):
    """What a dataset's file is, whatever its rows hold."""

    JSON = "json"
    """One JSON array of rows."""
    JSONL = "jsonl"
    """One JSON object a line."""
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    ARROW = "arrow"
    """What Hugging Face's `save_to_disk` writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Which columns of a row hold what; every other column goes to `extra`."""

    instruction: str | None = None
    input: str | None = None
    """May be missing in a row: then the instance has no input."""
    response: str | None = None
    conversation: str | None = None
    """A list of messages; the three others are None then."""

    def as_dict(self) -> dict[str, str]:
        """What is mapped, without what is not."""
        values = {
            "instruction": self.instruction,
            "input": self.input,
            "response": self.response,
            "conversation": self.conversation,
        }
        return {name: column for name, column in values.items() if column is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row, or a turn of a conversation, that could not be used, and why."""

    line: int
    """1-based line of the file on which the row begins (row number where files have no lines)."""
    reason: str
    file: str = ""
    """Which file; empty if the dataset is a single one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesRead:
    """The usable rows of a dataset and the ones that were left out."""

    table: pa.Table
    """Rows of `schema.INSTANCES`."""
    format: DatasetFormat
    mapping: ColumnMapping
    bad_rows: tuple[BadRow, ...]
    """The first `datasets.MAX_BAD_ROWS_KEPT` of them."""
    n_bad_rows: int
    """All of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPreview:
    """What a dataset seems to be, from its first rows, for a person to check."""

    source: str
    """Path or hub id as given."""
    files: tuple[str, ...]
    kind: FileKind
    n_bytes: int
    """Size of the files on disk."""
    format: DatasetFormat | None
    """None if no format fits: then a mapping must be given."""
    mapping: ColumnMapping
    reasons: tuple[str, ...]
    """Why this format, or why none, in words."""
    columns: tuple[str, ...]
    """Every column (key) of the rows looked at, in the order in which they came."""
    first_rows: tuple[str, ...]
    """The first rows as the file holds them, as JSON."""
    instances: pa.Table
    """The first instances, rows of `schema.INSTANCES`; none without a format."""
    bad_rows: tuple[BadRow, ...]
    """Among the rows looked at."""
