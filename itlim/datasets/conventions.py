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
    if given.conversation or (given.instruction and given.response):
        return _mapped(rows, given, format)
    if format is not None:
        found = _defaults(format, rows, columns, source)
    else:
        found = _recognised(rows, columns, source, given)
    changed = given.as_dict()
    if not changed:
        return found
    return replace(
        found,
        mapping=replace(found.mapping, **changed),
        reasons=(*found.reasons, *(f"{name} from {column!r}" for name, column in changed.items())),
    )


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
    texts = {}
    for name in ("instruction", "input", "response"):
        column = getattr(mapping, name)
        if column is None or (name == "input" and column not in value):
            texts[name] = ""
        elif column not in value:
            return f"the key {column!r} is missing"
        elif not isinstance(value[column], str):
            return f"{column!r} is a {type(value[column]).__name__}, expected text"
        else:
            texts[name] = value[column]
    for name in ("instruction", "response"):
        if not texts[name].strip():
            return f"{getattr(mapping, name)!r} is empty"
    used = mapping.columns
    extra = {key: content for key, content in value.items() if key not in used}
    return Fields(**texts, extra=extra)


def _checked(mapping: Mapping[str, str], columns: list[str], source: str) -> ColumnMapping:
    for name, column in mapping.items():
        if name not in _FIELDS:
            raise DatasetError(
                f"The column mapping names {name!r}: expected {', '.join(_FIELDS)}, each with "
                "the column that holds it."
            )
        if columns and column not in columns:
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
    rows: Sequence[Mapping[str, Any]], given: ColumnMapping, format: DatasetFormat | None
) -> Convention:
    found = format or DatasetFormat.MAPPED
    if format is None and given.conversation:
        kinds = [conversation_format(row.get(given.conversation)) for row in rows]
        found = next((kind for kind in kinds if kind), found)
    reasons = tuple(f"{name} from {column!r}, as given" for name, column in given.as_dict().items())
    return Convention(format=found, mapping=given, reasons=reasons)


def _defaults(
    format: DatasetFormat, rows: Sequence[Mapping[str, Any]], columns: list[str], source: str
) -> Convention:
    """The columns of a format that was given."""
    reasons = (f"{format} as given",)
    if format in FLAT:
        return Convention(format=format, mapping=FLAT[format], reasons=reasons)
    if format is DatasetFormat.PROMPT_RESPONSE:
        mapping = _flat_columns(columns)
    elif format is DatasetFormat.MAPPED:
        mapping = None
    else:
        column = next((name for name in CONVERSATION_COLUMNS if name in columns), None)
        mapping = ColumnMapping(conversation=column) if column else None
    if mapping is None:
        raise _unrecognised(rows, columns, source, f"as {format}")
    return Convention(format=format, mapping=mapping, reasons=reasons)


def _recognised(
    rows: Sequence[Mapping[str, Any]], columns: list[str], source: str, given: ColumnMapping
) -> Convention:
    """The format that fits most of the rows."""
    fits = Counter(fit for row in rows if (fit := _fit(row)) is not None)
    if not fits:
        mapping = _flat_columns(columns, given)
        if mapping is None:
            raise _unrecognised(rows, columns, source, "by itself")
        return Convention(
            format=DatasetFormat.MAPPED, mapping=mapping, reasons=("columns as given",)
        )
    (format, mapping), count = fits.most_common(1)[0]
    held = " and ".join(repr(column) for column in mapping.as_dict().values())
    reason = f"{count} of the first {len(rows)} rows hold {held}"
    return Convention(format=format, mapping=mapping, reasons=(reason,))


def _fit(row: Mapping[str, Any]) -> tuple[DatasetFormat, ColumnMapping] | None:
    for column in CONVERSATION_COLUMNS:
        found = conversation_format(row.get(column))
        if found:
            return found, ColumnMapping(conversation=column)
    for format, mapping in FLAT.items():
        if {mapping.instruction, mapping.response} <= row.keys():
            return format, mapping
    columns = _flat_columns(row)
    return (DatasetFormat.PROMPT_RESPONSE, columns) if columns else None


def _flat_columns(
    columns: Sequence[str] | Mapping[str, Any], given: ColumnMapping | None = None
) -> ColumnMapping | None:
    given = given or ColumnMapping()
    instruction = given.instruction or next((c for c in _INSTRUCTIONS if c in columns), None)
    response = given.response or next((c for c in _RESPONSES if c in columns), None)
    input_ = given.input or next((c for c in _INPUTS if c in columns), None)
    if instruction is None or response is None:
        return None
    return ColumnMapping(instruction=instruction, input=input_, response=response)


def _unrecognised(
    rows: Sequence[Mapping[str, Any]], columns: list[str], source: str, how: str
) -> UnknownConventionError:
    seen = ", ".join(repr(column) for column in columns) or "none"
    return UnknownConventionError(
        f"{source} has no format that can be told {how}: the columns of its first {len(rows)} "
        f"rows are {seen}. Say which hold what with a mapping, for instance "
        '{"instruction": "prompt", "response": "completion"} or {"conversation": "chat"}.'
    )
