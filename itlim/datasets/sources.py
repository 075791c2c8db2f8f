"""From what a user names to the files that hold the rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from itlim.datasets.json_rows import json_array_rows, json_line_rows
from itlim.datasets.rows import OpenRows
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError
from itlim.records import FileKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file and what it is."""

    path: Path
    kind: FileKind


def find_files(source: str | Path) -> tuple[DataFile, ...]:
    """The files of a dataset, in the order of its rows.

    Raises:
        DatasetError: there is none, or what is there is no dataset.
    """
    path = Path(source).expanduser()
    if not path.is_file():
        raise DatasetError(f"Cannot read the dataset {source}: there is no such file.")
    return (DataFile(path=path, kind=file_kind(path)),)


def file_kind(path: Path) -> FileKind:
    """What a file is, by its content."""
    with TextFile(path) as file:
        start = file.head().lstrip(b"\xef\xbb\xbf \t\r\n")
    return FileKind.JSON if start.startswith(b"[") else FileKind.JSONL


@contextmanager
def open_rows(file: DataFile) -> Iterator[OpenRows]:
    """The rows of one file, read as they are asked for."""
    with TextFile(file.path) as text:
        reader = json_array_rows if file.kind is FileKind.JSON else json_line_rows
        yield OpenRows(reader(text), text.fraction)
