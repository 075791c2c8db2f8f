"""Detect the format of a dataset's rows and extract instances from them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from itlim.datasets.conversations import conversation_format, conversation_instances
from itlim.datasets.instances import Fields
from itlim.datasets.rows import SourceRow
from itlim.errors import DatasetError
from itlim.records import ColumnMapping, DatasetFormat
from itlim.text.plural import plural

FLAT = {
    DatasetFormat.ALPACA: ColumnMapping(
        instruction="instruction", input="input", response="output"
    ),
    DatasetFormat.DOLLY: ColumnMapping(
        instruction="instruction", input="context", response="response"
    ),
}
CONVERSATION_COLUMNS = ("messages", "conversations", "conversation", "dialog", "chat")
# In order of preference.
_INSTRUCTIONS = ("instruction", "prompt", "question", "query")
_INPUTS = ("input", "context")
_RESPONSES = ("output", "response", "completion", "answer")
_SHAPES = {
    DatasetFormat.SHAREGPT: ", messages with 'from' and 'value'",
    DatasetFormat.MESSAGES: ", messages with 'role' and 'content'",
    DatasetFormat.LIMA: ", alternating texts",
}
SOURCE_FILE = "source_file"
_FIELDS = ("instruction", "input", "response", "conversation")


class UnknownConventionError(DatasetError):
    """No format fits the rows, and their columns were not specified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """Format and column mapping for reading rows, with the reasons for their choice."""

    format: DatasetFormat
    mapping: ColumnMapping
    reasons: tuple[str, ...]


def find_convention(
    rows: Sequence[Mapping[str, Any]],
    format: DatasetFormat | None,
    mapping: Mapping[str, str] | None,
    source: str,
) -> Convention:
    """Detect the format from a dataset's first rows.

    Args:
        rows: the first rows that are objects.
        format: format given by the user, if any.
        mapping: columns given by the user for `instruction`, `input`, `response` or
            `conversation`; takes precedence over detection.
        source: path or hub id, for error messages.

    Raises:
        DatasetError: no format fits, or the mapping names fields or columns that do not exist.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    given = _checked(mapping or {}, columns, source)
    if mapping:
        return _mapped(rows, given, format, columns, source)
    if format is not None:
        return _as_given(format, rows, columns, source)
    return _recognized(rows, columns, source)


def instances_of(row: SourceRow, mapping: ColumnMapping, file: str = "") -> Iterator[Fields | str]:
    """Yield the instances of a row; for each unusable one, the reason as a string.

    Args:
        row: row as read from the file.
        mapping: columns of the fields.
        file: name of the file, stored as `source_file` in `extra`; empty for single-file datasets.
    """
    if row.fault:
        yield row.fault
    elif not isinstance(row.value, dict):
        yield f"a value of type {type(row.value).__name__}, expected an object"
    else:
        value = {SOURCE_FILE: file} | row.value if file else row.value
        if mapping.conversation is None:
            yield _flat_instance(value, mapping)
        else:
            yield from conversation_instances(value, mapping.conversation)


def _flat_instance(value: Mapping[str, Any], mapping: ColumnMapping) -> Fields | str:
    texts = []
    for column in (mapping.instruction, mapping.input, mapping.response):
        if column is None or (column == mapping.input and column not in value):
            texts.append("")
            continue
        if column not in value:
            return f"the key {column!r} is missing"
        if not isinstance(value[column], str):
            return f"{column!r} has type {type(value[column]).__name__}, expected text"
        texts.append(value[column])
    instruction, input_, response = texts
    for column, text in ((mapping.instruction, instruction), (mapping.response, response)):
        if not text or text.isspace():
            return f"{column!r} is empty"
    used = (mapping.instruction, mapping.input, mapping.response)
    extra = {key: content for key, content in value.items() if key not in used}
    return Fields(instruction=instruction, input=input_, response=response, extra=extra)


def _checked(mapping: Mapping[str, str], columns: list[str], source: str) -> ColumnMapping:
    for name, column in mapping.items():
        if name not in _FIELDS:
            raise DatasetError(
                f"The column mapping names {name!r}: expected {', '.join(_FIELDS)}, each with "
                "its column."
            )
        # The input is optional, so all of the first rows may lack it.
        if name != "input" and columns and column not in columns:
            raise DatasetError(
                f"{source} has no column {column!r} for the {name} in its first rows, whose "
                f"columns are {', '.join(columns)}."
            )
    if "conversation" in mapping and len(mapping) > 1:
        raise DatasetError(
            "The column mapping names a conversation and also single fields: give only one of them."
        )
    return ColumnMapping(**mapping)


def _mapped(
    rows: Sequence[Mapping[str, Any]],
    given: ColumnMapping,
    format: DatasetFormat | None,
    columns: list[str],
    source: str,
) -> Convention:
    """The given mapping, completed with the usual columns for instruction or response."""
    found = format or DatasetFormat.MAPPED
    mapping: ColumnMapping | None = given
    if given.conversation:
        kinds = (conversation_format(row.get(given.conversation)) for row in rows)
        found = format or next((kind for kind in kinds if kind), found)
    elif not (given.instruction and given.response):
        mapping = _flat_columns(columns, given)
    if mapping is None:
        raise _unrecognized(
            columns, source, "read with this mapping, which lacks instruction or response"
        )
    named = given.as_dict()
    reasons = tuple(
        f"{name} from {column!r}{' (given)' if name in named else ''}"
        f"{'' if column in columns else ' (not in the first rows)'}"
        for name, column in mapping.as_dict().items()
    )
    return Convention(format=found, mapping=mapping, reasons=reasons)


def _as_given(
    format: DatasetFormat, rows: Sequence[Mapping[str, Any]], columns: list[str], source: str
) -> Convention:
    """The columns of a given format."""
    if format in FLAT:
        mapping: ColumnMapping | None = FLAT[format]
    elif format in (DatasetFormat.PROMPT_RESPONSE, DatasetFormat.MAPPED):
        mapping = _flat_columns(columns)
    else:
        fits = (fit for row in rows for fit in _conversations(row) if fit[0] is format)
        mapping = next((fit[1] for fit in fits), None)
    if mapping is None:
        raise _unrecognized(columns, source, f"read as {format}")
    return Convention(format=format, mapping=mapping, reasons=(f"{format} (given)",))


def _recognized(rows: Sequence[Mapping[str, Any]], columns: list[str], source: str) -> Convention:
    """The format that fits the largest number of rows."""
    fits = Counter(fit for row in rows if (fit := _fit(row)) is not None)
    if not fits:
        raise _unrecognized(columns, source, "recognized")
    (format, mapping), count = fits.most_common(1)[0]
    if format is DatasetFormat.PROMPT_RESPONSE:
        mapping = _flat_columns(columns, mapping) or mapping
    needed = (mapping.instruction, mapping.response, mapping.conversation)
    shown = " and ".join(repr(column) for column in needed if column)
    reason = f"{shown} in {count} of the first {plural(len(rows), 'row')}{_SHAPES.get(format, '')}"
    return Convention(format=format, mapping=mapping, reasons=(reason,))


def _fit(row: Mapping[str, Any]) -> tuple[DatasetFormat, ColumnMapping] | None:
    for fit in _conversations(row):
        return fit
    for format, mapping in FLAT.items():
        if {mapping.instruction, mapping.response} <= row.keys():
            return format, mapping
    columns = _flat_columns(row)
    # The input is omitted so that rows with and without it count as one format.
    return (DatasetFormat.PROMPT_RESPONSE, replace(columns, input=None)) if columns else None


def _conversations(row: Mapping[str, Any]) -> Iterator[tuple[DatasetFormat, ColumnMapping]]:
    for column in CONVERSATION_COLUMNS:
        found = conversation_format(row.get(column))
        if found:
            yield found, ColumnMapping(conversation=column)


def _flat_columns(
    columns: Sequence[str] | Mapping[str, Any], given: ColumnMapping | None = None
) -> ColumnMapping | None:
    given = given or ColumnMapping()
    instruction = given.instruction or next((c for c in _INSTRUCTIONS if c in columns), None)
    response = given.response or next((c for c in _RESPONSES if c in columns), None)
    if instruction is None or response is None:
        return None
    # Later rows may have an input even if none of these has one.
    input_ = given.input or next((c for c in _INPUTS if c in columns), _INPUTS[0])
    return ColumnMapping(instruction=instruction, input=input_, response=response)


def _unrecognized(columns: list[str], source: str, how: str) -> UnknownConventionError:
    seen = ", ".join(repr(column) for column in columns) or "none"
    return UnknownConventionError(
        f"{source} cannot be {how}: the columns of its first rows "
        f"are {seen}. Name the columns of the fields with a mapping, for instance "
        '{"instruction": "prompt", "response": "completion"} or {"conversation": "chat"}.'
    )
