"""Choose the columns of each row, which may differ from those of the first rows, and read them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from itlim.datasets.beside import is_readable
from itlim.datasets.columns import optional_candidates
from itlim.datasets.conventions import Convention, fit_of
from itlim.datasets.row_reading import RowReading, read_row
from itlim.datasets.rows import SourceRow
from itlim.datasets.values import is_filled
from itlim.records import ColumnMapping, DatasetField

SOURCE_FILE = "source_file"
READING_VERSION = 2
"""Raise when the same rows give other instances than before."""


class RowReader:
    """Reads the rows of a dataset with a convention.

    A row that lacks the convention's columns is read with those of another convention, unless the
    user chose the columns: datasets are often joined from several sources.
    """

    def __init__(self, convention: Convention) -> None:
        self._mapping = convention.mapping
        self._optional_columns = {field: getattr(self._mapping, field) for field in _OPTIONAL}
        self._given = convention.given
        self._rivals = convention.rivals

    def read(self, row: SourceRow, file: str = "") -> RowReading:
        """The instances of a row, or why there are none.

        Args:
            row: row as read from the file.
            file: name of the file, stored as `source_file` in `extra`; empty for single-file
                datasets.
        """
        if row.problem:
            return RowReading([row.problem])
        value = row.value
        if None in value.values():
            value = {column: one for column, one in value.items() if one is not None}
        mapping = self._mapping_of(value)
        return read_row({SOURCE_FILE: file} | value if file else value, mapping)

    def _mapping_of(self, row: Mapping[str, Any]) -> ColumnMapping:
        mapping = self._mapping
        if not _has_required(row, mapping) and DatasetField.RESPONSE not in self._given:
            other = fit_of(row, self._rivals)
            mapping = other[1] if other else mapping
        usual = optional_candidates(tuple(row))
        found = [self._optional(row, mapping, field, usual[field]) for field in _OPTIONAL]
        return _completed(mapping, *found)

    def _optional(
        self,
        row: Mapping[str, Any],
        mapping: ColumnMapping,
        field: DatasetField,
        usual: tuple[str, ...],
    ) -> str | None:
        """The column of an optional field: the mapping's, unless it is empty and another is not."""
        column: str | None = self._optional_columns[field]
        if field in self._given or (column is not None and is_filled(row.get(column))):
            return column
        if not usual and column is None:
            return None
        taken = (mapping.instruction, mapping.response, mapping.conversation)
        for other in usual:
            if other in taken or other in self._rivals:
                continue
            is_input = field is DatasetField.INPUT
            if is_filled(row[other]) if is_input else is_readable(row[other], field):
                return other
        return column if column not in taken else None


_OPTIONAL = (DatasetField.INPUT, DatasetField.SYSTEM, DatasetField.HISTORY)


def _has_required(row: Mapping[str, Any], mapping: ColumnMapping) -> bool:
    if mapping.conversation is not None:
        return is_filled(row.get(mapping.conversation))
    needed = (mapping.instruction, mapping.response)
    return all(column is not None and is_filled(row.get(column)) for column in needed)


@lru_cache(maxsize=256)
def _completed(
    mapping: ColumnMapping, input: str | None, system: str | None, history: str | None
) -> ColumnMapping:
    if mapping.conversation is not None:
        input = None
    return replace(mapping, input=input, system=system, history=history)
