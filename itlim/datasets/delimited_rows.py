"""Stream rows of comma- and tab-separated text with a header.

Records are split by `csv`, because `pyarrow.csv` counts records instead of lines and accepts text
after a closing quote and unclosed quotes.
"""

import csv
from collections.abc import Iterator

from itlim.datasets.rows import SourceRow
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError
from itlim.text.plural import plural

# In many locales, spreadsheets separate columns of .csv files with semicolons.
_DELIMITERS = (",", ";", "\t")


def delimited_rows(file: TextFile, delimiter: str | None = None) -> Iterator[SourceRow]:
    """One row per record below the header, with the line on which the record begins.

    Args:
        file: text in which quoted fields may contain delimiters, line breaks and doubled quotes.
        delimiter: column separator; detected from the header if None.

    Raises:
        DatasetError: the header cannot be used.
    """
    # Without a limit (it is process-wide), an unclosed quote would swallow the whole file.
    csv.field_size_limit(max(csv.field_size_limit(), file.max_row_bytes))
    lines = _Lines(file)
    records = _records(lines, delimiter)
    header = _header(next(records, None), file)
    for record, line, fault in records:
        if fault:
            yield SourceRow(line, None, fault)
        elif len(record) != len(header):
            counted = f"{plural(len(record), 'field')}, but the header has {len(header)}"
            yield SourceRow(line, None, counted)
        else:
            yield SourceRow(line, dict(zip(header, record, strict=True)))


class _Lines:
    """Iterates over lines for the csv module and stores the number of the last one read."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self._lines = file.lines()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for number, text in self._lines:
            self.number = number
            if text is None:
                raise DatasetError(f"{self._file.path}, line {number}: {self._file.too_long}.")
            yield text


def _records(lines: _Lines, delimiter: str | None) -> Iterator[tuple[list[str], int, str]]:
    """Fields, line and fault of each record; blank lines are skipped."""
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
        reason = fault or f"the column {doubled!r} occurs twice"
        raise DatasetError(
            f"{file.path}, line {line}: the header cannot be used: {reason}. Expected a first "
            "line with the columns' names."
        )
    return names


def _fault(error: csv.Error) -> str:
    text = str(error)
    if "new-line character" in text:
        return "a carriage return outside quotes: save the file with \\n line endings"
    if "field limit" in text or "end of data" in text:
        return "a quote that starts here is not closed"
    return f"invalid record: {text}"
