"""One row as a file holds it, before anybody asks what its columns mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple


class SourceRow(NamedTuple):
    """A row with its place; a named tuple, since a dataset has millions."""

    line: int
    """1-based line on which the row begins; the row's number where files have no lines."""
    value: Any
    """What the row holds, an object if all is well; None if there is a fault."""
    fault: str = ""
    """Why the row could not even be parsed."""


@dataclass(frozen=True, slots=True)
class OpenRows:
    """The rows of an open file."""

    rows: Iterator[SourceRow]
    """Every row, usable or not, in the file's order."""
    fraction: Callable[[], float]
    """How much of the file was read, in [0, 1]."""
