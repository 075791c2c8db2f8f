"""Read a row with a given mapping of columns: one instance, or one per turn of a conversation."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from itlim.datasets.beside import Beside, read_beside
from itlim.datasets.conversations import noted, paragraphs, turns
from itlim.datasets.instances import Fields
from itlim.datasets.messages import Message, Messages, has_roles, read_messages
from itlim.datasets.speakers import ASSISTANT, USER
from itlim.datasets.values import as_text, is_filled, is_null
from itlim.records import ColumnMapping, DatasetField


class RowReading(NamedTuple):
    """What becomes of a row."""

    outcomes: Iterable[Fields | str]
    """Its instances, and the reason for each one that cannot be used."""
    used: tuple[tuple[DatasetField, str], ...] = ()
    """The columns whose content is part of the instances."""
    unused_keys: frozenset[str] = frozenset()
    """Keys of messages that have a value but do not become text, as `column[].key`."""
    notes: tuple[str, ...] = ()
    """What else the instances lack, or contain in another form."""


def read_row(row: Mapping[str, Any], mapping: ColumnMapping) -> RowReading:
    """Read a row, without its null columns, with the columns of a mapping."""
    beside = read_beside(row, mapping)
    if isinstance(beside, str):
        return RowReading([beside])
    if mapping.conversation is not None:
        return _conversation(row, mapping.conversation, beside)
    instruction, response = mapping.instruction or "", mapping.response or ""
    for column in (instruction, response):
        if is_null(row.get(column)):
            return RowReading([f"the key {column!r} is missing"])
    if _is_chat(row[instruction], row[response]):
        return _chat(row, instruction, response, beside)
    return _flat(row, instruction, response, mapping.input, beside)


def _conversation(row: Mapping[str, Any], column: str, beside: Beside) -> RowReading:
    if is_null(row.get(column)):
        return RowReading([f"the key {column!r} is missing"])
    found = read_messages(row[column], column)
    if isinstance(found, str):
        return RowReading([found])
    # Some datasets repeat the system message beside the conversation.
    before = [one for one in beside.messages if one not in found.messages[:1]]
    used = ((DatasetField.CONVERSATION, column), *beside.used)
    return _turns([*before, *found.messages], len(before), column, row, used, beside, found)


def _chat(row: Mapping[str, Any], asked: str, answered: str, beside: Beside) -> RowReading:
    """A row whose prompt or completion is a list of messages."""
    before = _as_messages(row[asked], asked, USER)
    after = _as_messages(row[answered], answered, ASSISTANT)
    if isinstance(before, str):
        return RowReading([before])
    if isinstance(after, str):
        return RowReading([after])
    messages = [*beside.messages, *before.messages, *after.messages]
    first = len(messages) - len(after.messages)
    used = ((DatasetField.INSTRUCTION, asked), (DatasetField.RESPONSE, answered), *beside.used)
    return _turns(messages, first, answered, row, used, beside, before, after)


def _turns(
    messages: list[Message],
    first: int,
    column: str,
    row: Mapping[str, Any],
    used: tuple[tuple[DatasetField, str], ...],
    beside: Beside,
    *read: Messages,
) -> RowReading:
    """The turns of a conversation whose responses begin at a position."""
    return RowReading(
        turns(messages, column, _extra(row, used), first),
        used,
        beside.unused_keys.union(*(one.unused_keys for one in read)),
        noted(messages),
    )


def _is_chat(asked: Any, answered: Any) -> bool:
    """Whether a prompt or a completion is a list of messages.

    Texts are parsed only if both are such lists (in CSV), because code answers often are lists.
    """
    if isinstance(asked, str) and isinstance(answered, str):
        return answered.startswith("[") and has_roles(asked) and has_roles(answered)
    return any(has_roles(value) for value in (asked, answered) if not isinstance(value, str))


def _as_messages(value: Any, column: str, speaker: str) -> Messages | str:
    """A list of messages, or a text as a single message of a speaker."""
    if not has_roles(value) and (text := as_text(value)) is not None:
        return Messages([Message(speaker, text)], frozenset())
    return read_messages(value, column)


def _flat(
    row: Mapping[str, Any], asked: str, answered: str, given: str | None, beside: Beside
) -> RowReading:
    """A row with one text per field; the input may be missing."""
    values = [row[asked], row.get(given, "") if given is not None else "", row[answered]]
    has_input = is_filled(values[1])
    if not has_input and not isinstance(values[1], str):
        values[1] = ""
    columns = (asked, given or "", answered)
    texts = [value if isinstance(value, str) else as_text(value) for value in values]
    notes = []
    for column, value, text in zip(columns, values, texts, strict=True):
        if text is None:
            return RowReading([_not_text(value, column)])
        if column in (asked, answered) and not is_filled(text):
            return RowReading([f"{column!r} is empty"])
        if type(value) is not str:
            notes.append(f"{column!r} has type {type(value).__name__}, which is read as text")
    instruction, input_, response = (text or "" for text in texts)
    used = (
        (DatasetField.INSTRUCTION, asked),
        *(((DatasetField.INPUT, columns[1]),) if has_input else ()),
        (DatasetField.RESPONSE, answered),
        *beside.used,
    )
    if beside.messages:
        before = paragraphs(beside.messages)
        input_ = "\n\n".join([*before, input_] if has_input else before)
    fields = Fields(
        instruction=instruction,
        input=input_,
        response=response,
        extra=_extra(row, (*used, (DatasetField.INPUT, columns[1]))),
    )
    return RowReading([fields], used, beside.unused_keys, tuple(notes))


def _not_text(value: Any, column: str) -> str:
    if isinstance(value, bytes):
        return f"{column!r} contains bytes that are not UTF-8"
    return f"{column!r} has type {type(value).__name__}, expected text"


def _extra(row: Mapping[str, Any], used: Iterable[tuple[DatasetField, str]]) -> dict[str, Any]:
    columns = {column for _, column in used}
    return {key: value for key, value in row.items() if key not in columns}
