"""Stream rows of comma- and tab-separated text with a header.

Records are split by `csv`, because `pyarrow.csv` counts records instead of lines and accepts text
after a closing quote and unclosed quotes.

In tab-separated text, quotes may enclose fields, as in CSV, or be part of the texts: the standard
of TSV knows no quoting. The whole file tells which: see `_quotes_are_text`.
"""

import csv
import re
from collections.abc import Iterator

from itlim.datasets.rows import SourceRow
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError
from itlim.text.messages import plural

# In many locales, spreadsheets separate columns of .csv files with semicolons.
_DELIMITERS = (",", ";", "\t")
_TAB = "\t"
_ENCLOSED = re.compile(r'"(?:[^"]|"")*"', re.DOTALL)


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
    delimiter = delimiter or _delimiter(file)
    if delimiter == _TAB and _quotes_are_text(file):
        records = _plain_records(_Lines(file))
    else:
        records = _records(_Lines(file), delimiter)
    named = (one for one in records if one[2] or any(cell.strip() for cell in one[0]))
    header = _header(next(named, None), file)
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


_Record = tuple[list[str], int, str]
"""Fields, line and fault."""


def _delimiter(file: TextFile) -> str:
    """The most frequent separator in the header; rewinds the file."""
    first = next((text for text in _Lines(file) if text.strip()), "")
    file.rewind()
    return max(_DELIMITERS, key=first.count)


def _quotes_are_text(file: TextFile) -> bool:
    """Whether quotes in tab-separated text are part of the texts; rewinds the file.

    They are if a field begins with a quote but is not enclosed in quotes, such as `"Yes" or "no"`,
    so that some records are bad if quotes enclose fields, and no more records are bad if every line
    is a record.
    """
    n_fields = n_odd = 0
    has_stray_quote = False
    for text in _Lines(file):
        if text.strip("\r\n"):
            fields = _plain_fields(text)
            n_fields = n_fields or len(fields)
            n_odd += len(fields) != n_fields
            has_stray_quote |= any(
                field.startswith('"') and not _ENCLOSED.fullmatch(field) for field in fields
            )
    file.rewind()
    if not has_stray_quote:
        return False
    n_bad = sum(
        bool(fault) or len(record) != n_fields for record, _, fault in _records(_Lines(file), _TAB)
    )
    file.rewind()
    return n_bad > 0 and n_odd <= n_bad


def _plain_records(lines: _Lines) -> Iterator[_Record]:
    """One record per line, with quotes as part of the fields; blank lines are skipped."""
    for text in lines:
        if text.strip("\r\n"):
            yield _plain_fields(text), lines.number, ""


def _plain_fields(text: str) -> list[str]:
    return text.removesuffix("\n").removesuffix("\r").split(_TAB)


def _records(lines: _Lines, delimiter: str) -> Iterator[_Record]:
    """Fields, line and fault of each record; blank lines are skipped."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begin = lines.number + 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            yield [], begin, _fault(error, lines.number - begin)
        else:
            if record is None:
                return
            if record:
                yield record, begin, ""
        begin = lines.number + 1


def _header(first: _Record | None, file: TextFile) -> list[str]:
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


def _fault(error: csv.Error, n_more_lines: int) -> str:
    text = str(error)
    if "new-line character" in text:
        return "a carriage return outside quotes: save the file with \\n line endings"
    if "field limit" in text or "end of data" in text:
        lost = (
            f", so the next {plural(n_more_lines, 'line')} cannot be read" if n_more_lines else ""
        )
        return f"a quote that starts here is not closed{lost}"
    if "expected after" in text:
        return "invalid record: text after a closing quote (double the quotes inside a field)"
    return f"invalid record: {text}"
