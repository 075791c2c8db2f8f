"""Resolve a path or hub id to data files, detect their type and open them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from itlim.datasets.arrow_rows import ARROW_FILE_MARK, open_arrow, open_parquet
from itlim.datasets.choosing import has_data_suffix
from itlim.datasets.delimited_rows import delimited_rows
from itlim.datasets.folders import check_inside, files_in_folder
from itlim.datasets.hub import HubFiles, HuggingFaceHub, download, hub_id
from itlim.datasets.json_documents import document_rows, read_document
from itlim.datasets.json_rows import json_array_rows, json_line_rows
from itlim.datasets.rows import OpenRows
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError
from itlim.progress import Progress
from itlim.records import FileKind, HubSource

_BINARY_KINDS = {
    b"PAR1": FileKind.PARQUET,
    b"\xff\xff\xff\xff": FileKind.ARROW,
    ARROW_FILE_MARK: FileKind.ARROW,
}
_REFUSED_KINDS = {
    b"PK\x03\x04": "a ZIP archive or an Excel file",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"FEA1": "a Feather file of version 1",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"SQLite format 3\0": "an SQLite database",
}
_EXPECTED = "Expected JSON, JSONL, CSV, TSV (also gzipped), Parquet or Arrow."
_POINTER_MARK = b"version https://git-lfs.github.com/spec/"
_WEB_PAGE_MARKS = (b"<!doctype html", b"<html")
MAX_FILES = 10_000
_BY_SUFFIX = {".csv": FileKind.CSV, ".tsv": FileKind.TSV}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A data file and its type."""

    path: Path
    kind: FileKind

    @property
    def n_bytes(self) -> int:
        return self.path.stat().st_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The data files of a dataset, in the order of its rows."""

    files: tuple[DataFile, ...]
    not_read: tuple[str, ...]
    """Other data files in the same folder or repository, such as those of another split."""


def find_source(
    source: str | Path,
    *,
    hub: HubFiles | None = None,
    report: Progress | None = None,
    max_files: int = MAX_FILES,
    within: Sequence[Path] | None = None,
) -> Source:
    """The files of a dataset, and the data files beside them.

    Args:
        source: file, folder or hub id; a `HubSource` is only looked up on the hub.
        hub: interface to the hub; Hugging Face's if None.
        report: called with the progress of downloads.
        max_files: maximum number of files in a folder.
        within: folders that contain every file of a local dataset, after following links; None
            for any place.

    Raises:
        DatasetError: the source does not exist, is not a dataset, or has a file elsewhere.
    """
    path = Path(source).expanduser()
    if not str(source).strip():
        raise DatasetError("No dataset was given: give a file, a folder or a hub id.")
    is_hub = isinstance(source, HubSource)
    if not is_hub and path.is_dir():
        paths, not_read = files_in_folder(path, max_files, within)
    elif not is_hub and path.exists():
        check_inside(path, within)
        paths, not_read = [path], []
    else:
        named = hub_id(str(source))
        if named is None or (not named.part and has_data_suffix(named.repo)):
            raise DatasetError(
                f"Cannot read the dataset {source}: there is no such file or folder. Check the "
                "path, or give a hub id as owner/name."
            )
        paths, not_read = download(named, hub or HuggingFaceHub(), report)
    files = tuple(DataFile(path=file, kind=file_kind(file)) for file in paths)
    return Source(files=files, not_read=tuple(not_read))


def find_files(
    source: str | Path,
    *,
    hub: HubFiles | None = None,
    report: Progress | None = None,
    max_files: int = MAX_FILES,
) -> tuple[DataFile, ...]:
    """The files of `find_source` alone; arguments and errors as there."""
    return find_source(source, hub=hub, report=report, max_files=max_files).files


def file_kind(path: Path) -> FileKind:
    """Detect the type of a file from its content first and its suffix second.

    Raises:
        DatasetError: the file is not a data file.
    """
    with TextFile(path) as file:
        for mark, kind in _BINARY_KINDS.items():
            if file.begins_with(mark):
                if file.is_packed:
                    raise DatasetError(
                        f"{path} is a gzipped {str(kind).capitalize()} file: unpack it with gunzip."
                    )
                return kind
        for mark, name in _REFUSED_KINDS.items():
            if file.begins_with(mark):
                raise DatasetError(f"{path} is {name}. {_EXPECTED}")
        start = file.head().lstrip()
        _check_is_data(path, start)
        suffix = Path(path.name.lower().removesuffix(".gz")).suffix
        if suffix in _BY_SUFFIX:
            return _BY_SUFFIX[suffix]
        if start.startswith(b"["):
            return FileKind.JSON
        if start.startswith(b"{"):
            return FileKind.JSON if read_document(file) else FileKind.JSONL
    if has_data_suffix(path.name) or not start:
        return FileKind.JSONL
    header = start.split(b"\n", 1)[0]
    for delimiter, kind in ((b"\t", FileKind.TSV), (b",", FileKind.CSV)):
        if delimiter in header:
            return kind
    raise DatasetError(
        f"{path} is not a dataset: it begins with {header[:40].decode('utf-8', 'replace')!r}. "
        f"{_EXPECTED}"
    )


def _check_is_data(path: Path, start: bytes) -> None:
    """Reject files that stand for the data or came instead of it."""
    if start.startswith(_POINTER_MARK):
        raise DatasetError(
            f"{path} is a Git LFS pointer, not the data itself. Run `git lfs pull` in its "
            "repository, or download the file again."
        )
    if start[:20].lower().startswith(_WEB_PAGE_MARKS):
        raise DatasetError(
            f"{path} is a web page, not the data itself. Download the file again, with the "
            "address of the file instead of that of its page."
        )


@contextmanager
def open_rows(file: DataFile, rows_before: int = 0) -> Iterator[OpenRows]:
    """Open one file for streaming rows; `rows_before` is the number of rows in earlier files."""
    if file.kind is FileKind.PARQUET:
        with open_parquet(file.path, rows_before) as opened:
            yield opened
    elif file.kind is FileKind.ARROW:
        with open_arrow(file.path, rows_before) as opened:
            yield opened
    else:
        with TextFile(file.path) as text:
            yield _open_text(text, file.kind)


def _open_text(text: TextFile, kind: FileKind) -> OpenRows:
    if kind is FileKind.JSON:
        document = None if text.head().lstrip().startswith(b"[") else read_document(text)
        if document is not None:
            return OpenRows(document_rows(document), lambda: 1.0, document.not_read)
        return OpenRows(json_array_rows(text), text.fraction)
    if kind is FileKind.JSONL:
        return OpenRows(json_line_rows(text), text.fraction)
    rows = delimited_rows(text, "\t" if kind is FileKind.TSV else None)
    return OpenRows(rows, text.fraction)
