"""Count what becomes of each row and column while a dataset is read."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from itlim.datasets.columns import looks_like
from itlim.datasets.row_reader import SOURCE_FILE
from itlim.datasets.row_reading import RowReading
from itlim.datasets.values import is_filled
from itlim.records import (
    BadRow,
    ColumnMapping,
    DatasetField,
    LeftOut,
    ReadingNote,
    ReadingReport,
    UnusedColumn,
    UsedColumn,
)

_FIRST_ROWS = 5
MAX_KINDS = 500
"""Limits the memory for reasons and columns: rows of a damaged file may all differ."""
OTHER_REASONS = "other reasons"
FURTHER_COLUMN = "a further column, which is not listed, is not used"
_NUMBER = re.compile(r"\d+")
_FIELDS = tuple(DatasetField)


class ReportBuilder:
    """Collects a `ReadingReport` row by row.

    Args:
        mapping: the columns that are expected in a row.
        max_kinds: maximum number of reasons and of columns that are told apart.
    """

    def __init__(self, mapping: ColumnMapping, *, max_kinds: int = MAX_KINDS) -> None:
        self._max_kinds = max_kinds
        self._mapped = set(mapping.as_dict().values())
        self._rows = self._rows_used = self._instances = self._left_out = 0
        self._parts: list[str] = []
        self._reasons: dict[str, tuple[str, list[BadRow]]] = {}
        self._counts: Counter[str] = Counter()
        self._used: Counter[tuple[DatasetField, str]] = Counter()
        self._unused: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()

    def add_row(self, value: Any, reading: RowReading, n_instances: int) -> None:
        """Count a row after its outcomes were consumed."""
        self._rows += 1
        self._instances += n_instances
        used = self._mapped
        if n_instances:
            self._rows_used += 1
            self._used.update(reading.used)
            self._notes.update(reading.notes)
            used = {column for _, column in reading.used}
        if isinstance(value, dict):
            for column, content in value.items():
                if column not in used and is_filled(content) and column != SOURCE_FILE:
                    self._count_unused(column)
        for key in reading.unused_keys:
            self._count_unused(key)

    def add_left_out(self, bad: BadRow) -> None:
        """Count a row, or a turn of a conversation, that gave no instance."""
        self._left_out += 1
        # Reasons that differ only in the number of a message or turn are one kind.
        kind = _NUMBER.sub("#", bad.reason)
        if kind not in self._reasons:
            if len(self._reasons) >= self._max_kinds:
                kind = OTHER_REASONS
            reason = bad.reason if kind != OTHER_REASONS else kind
            self._reasons.setdefault(kind, (reason, []))
        self._counts[kind] += 1
        first = self._reasons[kind][1]
        if len(first) < _FIRST_ROWS:
            first.append(bad)

    def add_not_read(self, file: str, parts: Sequence[str]) -> None:
        """Name the parts of a file that contain no rows of this dataset."""
        self._parts += (f"{part!r} in {file}" for part in parts)

    def report(self, files: Sequence[str], files_not_read: Sequence[str]) -> ReadingReport:
        """What was counted so far."""
        return ReadingReport(
            n_rows=self._rows,
            n_rows_used=self._rows_used,
            n_instances=self._instances,
            n_left_out=self._left_out,
            left_out=tuple(
                LeftOut(
                    reason=self._reasons[kind][0], count=count, first=tuple(self._reasons[kind][1])
                )
                for kind, count in self._counts.most_common()
            ),
            used=tuple(
                UsedColumn(field=field, column=column, rows=rows)
                for (field, column), rows in sorted(
                    self._used.items(), key=lambda one: _FIELDS.index(one[0][0])
                )
            ),
            unused=tuple(
                UnusedColumn(column=column, rows=rows, looks_like=looks_like(column))
                for column, rows in self._unused.items()
            ),
            notes=tuple(ReadingNote(text=text, count=count) for text, count in self._notes.items()),
            files=tuple(files),
            not_read=(*files_not_read, *self._parts),
        )

    def _count_unused(self, column: str) -> None:
        if column in self._unused or len(self._unused) < self._max_kinds:
            self._unused[column] += 1
        else:
            self._notes[FURTHER_COLUMN] += 1
