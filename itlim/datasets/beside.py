"""The system text and the earlier turns that a row contains beside its instruction or messages."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from itlim.datasets.columns import candidates
from itlim.datasets.contents import text_of
from itlim.datasets.messages import Message, read_messages
from itlim.datasets.speakers import SYSTEM
from itlim.datasets.values import is_filled, parsed
from itlim.records import ColumnMapping, DatasetField


class Beside(NamedTuple):
    """Messages that precede those of a row."""

    messages: list[Message]
    used: tuple[tuple[DatasetField, str], ...]
    """The columns that contain them."""
    unused_keys: frozenset[str]
    """Keys of earlier turns that do not become text, as `column[].key`."""


def read_beside(row: Mapping[str, Any], mapping: ColumnMapping) -> Beside | str:
    """The messages of the system and history columns, or why one of them cannot be read."""
    messages: list[Message] = []
    used: list[tuple[DatasetField, str]] = []
    unused: frozenset[str] = frozenset()
    if mapping.system is not None and is_filled(row.get(mapping.system)):
        text = text_of(row[mapping.system])
        if text is None:
            kind = type(row[mapping.system]).__name__
            return f"{mapping.system!r} has type {kind}, expected text"
        messages.append(Message(SYSTEM, text))
        used.append((DatasetField.SYSTEM, mapping.system))
    if mapping.history is not None:
        column = mapping.history
        value = parsed(row.get(column))
        if is_filled(value):
            earlier = _earlier(value, column)
            if isinstance(earlier, str):
                return earlier
            messages += earlier[0]
            unused = earlier[1]
            used.append((DatasetField.HISTORY, column))
    return Beside(messages, tuple(used), unused)


def is_readable(value: Any, field: DatasetField) -> bool:
    """Whether a column that has the usual name of a field also contains it."""
    if field is DatasetField.SYSTEM:
        return text_of(value) is not None
    value = parsed(value)
    return is_filled(value) and not isinstance(_earlier(value, ""), str)


def beside_column(rows: Iterable[Mapping[str, Any]], field: DatasetField) -> str | None:
    """The column with the system text or the earlier turns of the first row that has any."""
    found = (
        column
        for row in rows
        for column in candidates(row, field)
        if is_readable(row[column], field)
    )
    return next(found, None)


def _earlier(value: Any, column: str) -> tuple[list[Message], frozenset[str]] | str:
    """Earlier turns: a list of messages or of pairs, or one text with all of them."""
    if isinstance(value, str):
        return [Message("", value)], frozenset()
    found = read_messages(value, column)
    if isinstance(found, str):
        return found
    fault = next((one.fault for one in found.messages if one.fault), "")
    return fault or (found.messages, found.unused_keys)
