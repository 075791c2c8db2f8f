"""Rows of comma- and tab-separated text with a header, streamed.

Records are split by `csv`. `pyarrow.csv` counts records instead of lines, and accepts text behind
a closing quote and a quote that is never closed.
"""

import csv
from collections.abc import Iterator

from itlim.datasets.rows import SourceRow
from itlim.datasets.text_file import MAX_ROW_BYTES, TOO_LONG, TextFile
from itlim.errors import DatasetError

# Spreadsheets of many countries write semicolons into .csv files.
_DELIMITERS = (",", ";", "\t")


def delimited_rows(file: TextFile, delimiter: str | None = None) -> Iterator[SourceRow]:
    """One row a record below the header, its line where the record begins.

    Args:
        file: quotes may hold delimiters and line ends, and are doubled inside.
        delimiter: the header shows it if it is not given.

    Raises:
        DatasetError: the header cannot be used.
    """
    # The limit is the process's own: an unclosed quote would otherwise swallow the whole file.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES))
    lines = _Lines(file)
    records = _records(lines, delimiter)
    header = _header(next(records, None), file)
    for record, line, fault in records:
        if fault:
            yield SourceRow(line, None, fault)
        elif len(record) != len(header):
            counted = f"{len(record)} fields, but the header has {len(header)}"
            yield SourceRow(line, None, counted)
        else:
            yield SourceRow(line, dict(zip(header, record, strict=True)))


class _Lines:
    """The lines as the csv module takes them, with the number of the last one taken."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self._lines = file.lines()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for number, text in self._lines:
            self.number = number
            if text is None:
                raise DatasetError(f"{self._file.path}, line {number}: {TOO_LONG}.")
            yield text


def _records(lines: _Lines, delimiter: str | None) -> Iterator[tuple[list[str], int, str]]:
    """Fields, line and fault of each record; blank lines are none."""
    texts = iter(lines)
    first = next((text for text in texts if text.strip()), None)
    if first is None:
        return
    if delimiter is None:
        delimiter = max(_DELIMITERS, key=first.count)
    begin = lines.number

    def from_first() -> Iterator[str]:
        yield first
        yield from texts

    reader = csv.reader(from_first(), delimiter=delimiter, strict=True)
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            yield [], begin, _fault(error)
        else:
            if record is None:
                return
            if record:
                yield record, begin, ""
        begin = lines.number + 1


def _header(first: tuple[list[str], int, str] | None, file: TextFile) -> list[str]:
    if first is None:
        return []
    record, line, fault = first
    names = [cell.strip() or f"column {index}" for index, cell in enumerate(record, start=1)]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if fault or doubled:
        reason = fault or f"the column {doubled!r} stands there twice"
        raise DatasetError(
            f"{file.path}, line {line}: the header cannot be used: {reason}. Expected a first "
            "line with the columns' names."
        )
    return names


def _fault(error: csv.Error) -> str:
    text = str(error)
    if "new-line character" in text:
        return "a carriage return outside quotes: save the file with \\n as line end"
    if "field limit" in text or "end of data" in text:
        return "a quote that begins here is not closed"
    return f"no valid record: {text}"
