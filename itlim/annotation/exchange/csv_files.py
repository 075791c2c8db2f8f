"""Annotations as CSV: one row per mark, and one row without a mark for each empty submission.

Cells that a spreadsheet would run as formulas are written as in `itlim.text.csv_cells`.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from itlim.annotation.exchange.documents import ExchangeItem
from itlim.annotation.exchange.files import Parsed, checked_text, decoded
from itlim.errors import InputError
from itlim.records import Mark
from itlim.text.csv_cells import csv_cell, csv_text

_SHEET_COLUMNS = (
    "item_id",
    "annotator",
    "run_id",
    "instruction",
    "input",
    "text",
    "text_sha256",
    "status",
    "active_ms",
    "flag",
    "skip_reason",
    "comment",
    "suggestions_on",
    "revealed",
)
_MARK_COLUMNS = ("mark_id", "start", "end", "quote", "label", "origin", "note", "evidence_url")
_REQUIRED = ("text", "start", "end", "label")
_BOOLEANS = {"true": True, "false": False}


def write(rows: Sequence[ExchangeItem]) -> bytes:
    """Write header and rows; CR LF line endings (RFC 4180), UTF-8 without a byte order mark.

    Raises:
        InputError: a text cannot be encoded as UTF-8.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*_SHEET_COLUMNS, *_MARK_COLUMNS])
    for row in rows:
        sheet = [_cell(getattr(row, name)) for name in _SHEET_COLUMNS]
        for mark in row.marks:
            writer.writerow(sheet + [_cell(value) for value in _values_of(mark)])
        if not row.marks:
            writer.writerow(sheet + [""] * len(_MARK_COLUMNS))
    return checked_text(out.getvalue()).encode()


def read(data: bytes) -> Parsed:
    """Sheets of a file, numbered by their first row; rows of a sheet need not be adjacent.

    Columns may have any order; only `text`, `start`, `end` and `label` are required.

    Raises:
        InputError: the file is not UTF-8 or not CSV, or lacks these columns.
    """
    text = decoded(data, "CSV")
    # The csv module's limit of 131,072 characters is too small for long responses.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        header, *records = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except csv.Error as error:
        raise InputError(
            f'Not a CSV file ({error}). Separate columns by commas and quote with ".'
        ) from error
    missing = [name for name in _REQUIRED if name not in header]
    if missing or len(set(header)) < len(header):
        raise InputError(
            f"The CSV file's first row is {', '.join(header)[:200]!r}: expected column names, each "
            f"once and separated by commas, with {', '.join(_REQUIRED)} among them."
        )
    parsed = Parsed()
    unknown = [name for name in header if name not in (*_SHEET_COLUMNS, *_MARK_COLUMNS)]
    if unknown:
        parsed.notes.append(f"columns not kept: {', '.join(unknown)}")
    _group_rows(header, records, parsed)
    return parsed


def _group_rows(header: Sequence[str], records: Sequence[Sequence[str]], parsed: Parsed) -> None:
    """Merge the rows of an item and annotator into a document; one bad row rejects the sheet.

    Keeping only the other marks would mean that the annotator found nothing there.
    """
    sheets: dict[tuple[str, str, str], tuple[int, dict[str, str], dict[str, Any]]] = {}
    invalid: dict[tuple[str, str, str], str] = {}
    for number, record in enumerate(records, start=2):
        if not record:
            continue
        cells = {name: csv_text(cell) for name, cell in zip(header, record, strict=False)}
        own = {name: cells.get(name, "") for name in _SHEET_COLUMNS if name in header}
        item_id = own.get("item_id", "")
        key = (item_id, "" if item_id else own["text"], own.get("annotator", ""))
        _, first, document = sheets.setdefault(key, (number, own, _document(own)))
        differing = [name for name, value in own.items() if first[name] != value]
        if len(record) != len(header):
            invalid[key] = f"row {number} has {len(record)} cells, but the header has {len(header)}"
        elif differing:
            invalid[key] = f"row {number} of the same sheet differs in {', '.join(differing)}"
        span = {name: cells[name] for name in _MARK_COLUMNS if cells.get(name)}
        if span:
            document["spans"].append(_span(span))
    for key, (number, _, document) in sheets.items():
        if key in invalid:
            parsed.reject(number, invalid[key])
        else:
            parsed.documents.append((number, document))


def _document(cells: dict[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
    document["text"] = cells["text"]
    document["spans"] = []
    if "active_ms" in document:
        document["active_ms"] = _whole(document["active_ms"])
    for name in ("suggestions_on", "revealed"):
        if name in document:
            document[name] = _BOOLEANS.get(document[name].lower(), document[name])
    return document


def _span(cells: dict[str, str]) -> dict[str, Any]:
    span: dict[str, Any] = dict(cells)
    if "mark_id" in span:
        span["id"] = span.pop("mark_id")
    return span | {name: _whole(span[name]) for name in ("start", "end") if name in span}


def _whole(cell: str) -> int | str:
    """The number, or the cell itself, which `documents` then rejects."""
    return int(cell) if re.fullmatch("[0-9]{1,15}", cell) else cell


def _values_of(mark: Mark) -> tuple[object, ...]:
    return (
        mark.id,
        mark.start,
        mark.stop,
        mark.quote,
        mark.label,
        mark.origin,
        mark.note,
        mark.evidence_url,
    )


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(csv_cell(str(value)))
