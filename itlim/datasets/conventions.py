"""What the columns of a row mean: finding the format, and taking an instance out of a row."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from itlim.datasets.conversations import conversation_format, conversation_instances
from itlim.datasets.instances import Fields
from itlim.datasets.rows import SourceRow
from itlim.errors import DatasetError
from itlim.records import ColumnMapping, DatasetFormat

FLAT = {
    DatasetFormat.ALPACA: ColumnMapping(
        instruction="instruction", input="input", response="output"
    ),
    DatasetFormat.DOLLY: ColumnMapping(
        instruction="instruction", input="context", response="response"
    ),
}
CONVERSATION_COLUMNS = ("messages", "conversations", "conversation", "dialog", "chat")
# Order is preference: the first of each that a row has.
_INSTRUCTIONS = ("instruction", "prompt", "question", "query")
_INPUTS = ("input", "context")
_RESPONSES = ("output", "response", "completion", "answer")
_SHAPES = {
    DatasetFormat.SHAREGPT: ", messages with 'from' and 'value'",
    DatasetFormat.MESSAGES: ", messages with 'role' and 'content'",
    DatasetFormat.LIMA: ", texts in turn",
}
SOURCE_FILE = "source_file"
_FIELDS = ("instruction", "input", "response", "conversation")


class UnknownConventionError(DatasetError):
    """No format fits the rows, and nothing was said about their columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """How rows are read, and why."""

    format: DatasetFormat
    mapping: ColumnMapping
    reasons: tuple[str, ...]


def find_convention(
    rows: Sequence[Mapping[str, Any]],
    format: DatasetFormat | None,
    mapping: Mapping[str, str] | None,
    source: str,
) -> Convention:
    """Recognise the format of a dataset's first rows.

    Args:
        rows: the first rows that are objects.
        format: what the user says it is, if anything.
        mapping: which columns the user says hold `instruction`, `input`, `response` or
            `conversation`; wins over what is recognised.
        source: for messages.

    Raises:
        DatasetError: no format fits, or the mapping names what is not there.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    given = _checked(mapping or {}, columns, source)
    if mapping:
        return _mapped(rows, given, format, columns, source)
    if format is not None:
        return _as_given(format, rows, columns, source)
    return _recognised(rows, columns, source)


def instances_of(row: SourceRow, mapping: ColumnMapping, file: str = "") -> Iterator[Fields | str]:
    """The instances of a row, each with the reason in its place if it cannot be used.

    Args:
        row: as the file holds it.
        mapping: which columns hold what.
        file: kept as `source_file` in `extra` where a dataset has several.
    """
    if row.fault:
        yield row.fault
    elif not isinstance(row.value, dict):
        yield f"a {type(row.value).__name__}, expected an object"
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
            return f"{column!r} is a {type(value[column]).__name__}, expected text"
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
                "the column that holds it."
            )
        # An input is optional, so the first rows may all lack it.
        if name != "input" and columns and column not in columns:
            raise DatasetError(
                f"{source} has no column {column!r} for the {name} in its first rows: there are "
                f"{', '.join(columns)}."
            )
    if "conversation" in mapping and len(mapping) > 1:
        raise DatasetError(
            "The column mapping names a conversation and single fields as well: give one of them."
        )
    return ColumnMapping(**mapping)


def _mapped(
    rows: Sequence[Mapping[str, Any]],
    given: ColumnMapping,
    format: DatasetFormat | None,
    columns: list[str],
    source: str,
) -> Convention:
    """What was given, with the usual column in the place of instruction or response if need be."""
    found = format or DatasetFormat.MAPPED
    mapping: ColumnMapping | None = given
    if given.conversation:
        kinds = (conversation_format(row.get(given.conversation)) for row in rows)
        found = format or next((kind for kind in kinds if kind), found)
    elif not (given.instruction and given.response):
        mapping = _flat_columns(columns, given)
    if mapping is None:
        raise _unrecognised(columns, source, "read with so short a mapping")
    named = given.as_dict()
    reasons = tuple(
        f"{name} from {column!r}{', as given' if name in named else ''}"
        f"{'' if column in columns else ' (not in the first rows)'}"
        for name, column in mapping.as_dict().items()
    )
    return Convention(format=found, mapping=mapping, reasons=reasons)


def _as_given(
    format: DatasetFormat, rows: Sequence[Mapping[str, Any]], columns: list[str], source: str
) -> Convention:
    """The columns of a format that was given."""
    if format in FLAT:
        mapping: ColumnMapping | None = FLAT[format]
    elif format in (DatasetFormat.PROMPT_RESPONSE, DatasetFormat.MAPPED):
        mapping = _flat_columns(columns)
    else:
        fits = (fit for row in rows for fit in _conversations(row) if fit[0] is format)
        mapping = next((fit[1] for fit in fits), None)
    if mapping is None:
        raise _unrecognised(columns, source, f"read as {format}")
    return Convention(format=format, mapping=mapping, reasons=(f"{format}, as given",))


def _recognised(rows: Sequence[Mapping[str, Any]], columns: list[str], source: str) -> Convention:
    """The format that fits most of the rows."""
    fits = Counter(fit for row in rows if (fit := _fit(row)) is not None)
    if not fits:
        raise _unrecognised(columns, source, "recognised")
    (format, mapping), count = fits.most_common(1)[0]
    if format is DatasetFormat.PROMPT_RESPONSE:
        mapping = _flat_columns(columns, mapping) or mapping
    needed = (mapping.instruction, mapping.response, mapping.conversation)
    held = " and ".join(repr(column) for column in needed if column)
    reason = f"{count} of the first {len(rows)} rows hold {held}{_SHAPES.get(format, '')}"
    return Convention(format=format, mapping=mapping, reasons=(reason,))


def _fit(row: Mapping[str, Any]) -> tuple[DatasetFormat, ColumnMapping] | None:
    for fit in _conversations(row):
        return fit
    for format, mapping in FLAT.items():
        if {mapping.instruction, mapping.response} <= row.keys():
            return format, mapping
    columns = _flat_columns(row)
    # Without the input, so that rows with and without one count as one format.
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
    # Rows further on may have an input even if none of these has.
    input_ = given.input or next((c for c in _INPUTS if c in columns), _INPUTS[0])
    return ColumnMapping(instruction=instruction, input=input_, response=response)


def _unrecognised(columns: list[str], source: str, how: str) -> UnknownConventionError:
    seen = ", ".join(repr(column) for column in columns) or "none"
    return UnknownConventionError(
        f"{source} cannot be {how}: the columns of its first rows "
        f"are {seen}. Say which hold what with a mapping, for instance "
        '{"instruction": "prompt", "response": "completion"} or {"conversation": "chat"}.'
    )
