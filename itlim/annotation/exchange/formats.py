"""The exchange formats: their names, what each cannot represent, and reading and writing them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from itlim.annotation.exchange import (
    csv_files,
    doccano,
    itlim_jsonl,
    label_studio,
    parquet_tables,
)
from itlim.annotation.exchange.documents import ExchangeItem, RowDocument
from itlim.annotation.exchange.files import Parsed, RejectedRow, is_filled
from itlim.annotation.exchange.validation import RowValidator
from itlim.errors import InputError
from itlim.records import Item


class ExchangeFormat(StrEnum):
    """Formats in which annotations are exported and imported."""

    ITLIM_JSONL = "itlim-jsonl"
    PARQUET = "parquet"
    CSV = "csv"
    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"


@dataclass(frozen=True, slots=True)
class _Format:
    write: Callable[[Sequence[ExchangeItem]], bytes]
    read: Callable[[bytes], Parsed]
    suffix: str
    unsupported: tuple[str, ...] = ()
    """What a file of this format cannot contain, as phrases to show before an export."""
    not_read: tuple[str, ...] = ()
    """What an import does not keep, as phrases to show before it."""


_UNITS = "tokens (an unknown response is imported with words as units)"
_VERDICTS = "verdicts on the origins of spans, with their reasons"
_MARK_DETAILS = (
    "evidence URLs, and whether a mark is manual, suggested or imported",
    "flags, comments and reasons for skipping",
    "whether suggestions were shown and the shift signal was revealed",
)
_FORMATS = {
    ExchangeFormat.ITLIM_JSONL: _Format(itlim_jsonl.write, itlim_jsonl.read, ".jsonl"),
    ExchangeFormat.PARQUET: _Format(parquet_tables.write, parquet_tables.read, ".parquet"),
    ExchangeFormat.CSV: _Format(csv_files.write, csv_files.read, ".csv", (_VERDICTS, _UNITS)),
    ExchangeFormat.LABEL_STUDIO: _Format(
        label_studio.write,
        label_studio.read,
        ".json",
        (
            _VERDICTS,
            _UNITS,
            *_MARK_DETAILS,
            "names of annotators and which sheets are open, if Label Studio has saved the file "
            "again",
        ),
        label_studio.NOT_READ,
    ),
    ExchangeFormat.DOCCANO: _Format(
        doccano.write,
        doccano.read,
        ".jsonl",
        (
            _VERDICTS,
            _UNITS,
            *_MARK_DETAILS,
            "instructions and runs",
            "notes, quotes and ids of marks",
            "active time",
        ),
        doccano.NOT_READ,
    ),
}
_READ = {field.alias or name for name, field in RowDocument.model_fields.items()}
SUFFIXES = {name: format.suffix for name, format in _FORMATS.items()}
"""File name extensions for downloads."""


def unsupported_fields(format: str) -> tuple[str, ...]:
    """What a format cannot represent, as phrases to show before an export; empty if nothing.

    Raises:
        InputError: the format is unknown.

    >>> unsupported_fields("parquet")
    ()
    """
    return _format(format).unsupported


def fields_not_read(format: str) -> tuple[str, ...]:
    """What an import from a format does not keep, as phrases; empty if nothing.

    Raises:
        InputError: the format is unknown.
    """
    return _format(format).not_read


def write_annotations(rows: Sequence[ExchangeItem], format: str) -> bytes:
    """Write rows in the given order; equal rows give equal bytes.

    Raises:
        InputError: the format is unknown, or a text cannot be encoded as UTF-8.
    """
    return _format(format).write(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContents:
    """The contents of a file of annotations."""

    rows: tuple[ExchangeItem, ...]
    """In the file's order; rows of known items have the known item's fields."""
    row_numbers: tuple[int, ...]
    """Row numbers of `rows`, counted as in `rejected`."""
    rejected: tuple[RejectedRow, ...]
    """Rejected rows, by number."""
    notes: tuple[str, ...]
    """Decisions and content that was not kept, to be shown."""
    new_items: tuple[Item, ...]
    """Responses that were not known, without duplicates."""


def read_annotations(
    data: bytes,
    format: str,
    *,
    known: Mapping[str, Item],
    annotator: str = "",
    file_name: str = "",
) -> FileContents:
    """Read a file, row by row.

    Args:
        data: the file.
        format: one of `ExchangeFormat`.
        known: known items by id; a row is matched by its item id, or else by its text.
            Others become new items.
        annotator: annotator of the rows that do not name one under `annotator`.
        file_name: name of the file; without `annotator`, its stem names the annotator of rows
            that contain no name at all.

    Raises:
        InputError: the format is unknown, or the file has another format. A row with an error
            does not raise: `rejected` lists it.
    """
    parsed = _format(format).read(data)
    validator = RowValidator(known, annotator=annotator, file_name=file_name)
    rows: list[tuple[int, ExchangeItem]] = []
    notes = list(parsed.notes)
    for number, document in parsed.documents:
        try:
            rows.append((number, validator.validate(number, document)))
        except InputError as error:
            parsed.reject(number, error)
            continue
        for key, value in document.items():
            if key not in _READ and is_filled(value):
                parsed.not_read(repr(key), number)
    if not rows and not parsed.rejected:
        notes.append("the file contains no annotations")
    return FileContents(
        rows=tuple(row for _, row in rows),
        row_numbers=tuple(number for number, _ in rows),
        rejected=tuple(sorted(parsed.rejected, key=lambda one: one.row_number)),
        notes=tuple(notes + parsed.closing_notes() + validator.closing_notes()),
        new_items=tuple(validator.new_items.values()),
    )


def _format(name: str) -> _Format:
    if name not in list(ExchangeFormat):
        raise InputError(
            f"Unknown annotation format {name!r}: choose one of {', '.join(ExchangeFormat)}."
        )
    return _FORMATS[ExchangeFormat(name)]
