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


@dataclass(frozen=True, slots=True)
class OpenRows:
    """The rows of an open file."""

    rows: Iterator[SourceRow]
    """Every row, usable or not, in the file's order."""
    fraction: Callable[[], float]
    """Returns the fraction of the file that has been read, in [0, 1]."""
