"""Rows as read from a file, before their columns are interpreted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple


class SourceRow(NamedTuple):
    """A row with its line; a named tuple, because datasets have millions of rows."""

    line: int
    """1-based line on which the row begins; the row number for files without lines."""
    value: Any
    """Content of the row, normally an object; None if there is a fault."""
    fault: str = ""
    """Why the row could not be parsed; empty if it could."""

    @property
    def problem(self) -> str:
        """Why the row has no columns; empty if it is an object."""
        if self.fault or isinstance(self.value, dict):
            return self.fault
        return f"a value of type {type(self.value).__name__}, expected an object"


@dataclass(frozen=True, slots=True)
class OpenRows:
    """The rows of an open file."""

    rows: Iterator[SourceRow]
    """Every row, usable or not, in the file's order."""
    fraction: Callable[[], float]
    """Returns the fraction of the file that has been read, in [0, 1]."""
    not_read: tuple[str, ...] = ()
    """Parts of the file that contain no rows of this dataset, such as those of another split."""
