"""Detect the format of a dataset's rows: which column contains which field."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from itlim.datasets.beside import beside_column
from itlim.datasets.columns import AMBIGUOUS, candidates, first_of, normal
from itlim.datasets.messages import conversation_format, speakers_in
from itlim.datasets.speakers import USER
from itlim.datasets.values import is_filled
from itlim.errors import DatasetError
from itlim.records import ColumnMapping, DatasetField, DatasetFormat
from itlim.text.messages import listed, plural

FLAT = {
    DatasetFormat.ALPACA: ColumnMapping(
        instruction="instruction", input="input", response="output"
    ),
    DatasetFormat.DOLLY: ColumnMapping(
        instruction="instruction", input="context", response="response"
    ),
}
_SHAPES = {
    DatasetFormat.SHAREGPT: ", messages with 'from' and 'value'",
    DatasetFormat.MESSAGES: ", messages with 'role' and 'content'",
    DatasetFormat.LIMA: ", alternating texts",
}
_USUAL_INPUT = "input"
_REQUIRED = frozenset({DatasetField.INSTRUCTION, DatasetField.RESPONSE, DatasetField.CONVERSATION})


class UnknownConventionError(DatasetError):
    """No format fits the rows, and their columns were not specified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """Format and column mapping for reading rows, with the reasons for their choice."""

    format: DatasetFormat
    mapping: ColumnMapping
    reasons: tuple[str, ...]
    given: frozenset[DatasetField] = frozenset()
    """Fields whose columns the user chose, so that no other column is read for them."""
    rivals: frozenset[str] = frozenset()
    """Columns that have a value in rows in which the mapping's column for the same field has one
    too. They say something else, so they never stand in for it."""


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
        mapping: columns given by the user for the fields; takes precedence over detection.
        source: path or hub id, for error messages.

    Raises:
        DatasetError: no format fits, or the mapping names fields or columns that do not exist.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    given = _checked(mapping or {}, columns, source)
    if mapping:
        return _mapped(rows, given, format, columns, source)
    found = (
        _recognized(rows, columns, source)
        if format is None
        else _as_given(format, rows, columns, source)
    )
    beside = {
        field: beside_column(rows, field) for field in (DatasetField.SYSTEM, DatasetField.HISTORY)
    }
    return replace(
        found,
        mapping=replace(found.mapping, **{str(field): one for field, one in beside.items()}),
        reasons=_with_columns(found, columns, beside),
        rivals=_rivals(rows, found.mapping),
    )


def fit_of(
    row: Mapping[str, Any], without: Collection[str] = ()
) -> tuple[DatasetFormat, ColumnMapping] | None:
    """The format that fits one row, with its required columns only; None if none fits.

    Columns without a value count as missing, because a table has all columns in all rows.
    """
    filled = {key: value for key, value in row.items() if is_filled(value) and key not in without}
    return _fit(filled)


def _checked(mapping: Mapping[str, str], columns: list[str], source: str) -> ColumnMapping:
    fields = [str(field) for field in DatasetField]
    for name, column in mapping.items():
        if name not in fields:
            raise DatasetError(
                f"The column mapping names {name!r}: expected {', '.join(fields)}, each with "
                "its column."
            )
        # The input is optional, so all of the first rows may lack it.
        if name not in ("input", "system", "history") and columns and column not in columns:
            raise DatasetError(
                f"{source} has no column {column!r} for the {name} in its first rows, whose "
                f"columns are {listed(columns)}."
            )
    if "conversation" in mapping and mapping.keys() & {"instruction", "input", "response"}:
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
    """The given mapping, completed with the usual columns unless it names all that is required."""
    found = format or DatasetFormat.MAPPED
    mapping: ColumnMapping | None = given
    is_complete = bool(given.conversation or (given.instruction and given.response))
    if given.conversation:
        kinds = (conversation_format(row.get(given.conversation)) for row in rows)
        found = format or next((kind for kind in kinds if kind), found)
    elif not is_complete:
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
    fixed = DatasetField if is_complete else (DatasetField(name) for name in named)
    return Convention(format=found, mapping=mapping, reasons=reasons, given=_REQUIRED.union(fixed))


def _as_given(
    format: DatasetFormat, rows: Sequence[Mapping[str, Any]], columns: list[str], source: str
) -> Convention:
    """The columns of a given format."""
    if format in FLAT:
        mapping: ColumnMapping | None = _with_input(FLAT[format], columns)
    elif format in (DatasetFormat.PROMPT_RESPONSE, DatasetFormat.MAPPED):
        mapping = _flat_columns(columns)
    else:
        fits = (fit for row in rows for fit in _conversations(row) if fit[0] is format)
        mapping = next((fit[1] for fit in fits), None)
    if mapping is None:
        raise _unrecognized(columns, source, f"read as {format}")
    return Convention(
        format=format,
        mapping=mapping,
        reasons=(f"{format} (given)",),
        given=_REQUIRED,
    )


def _recognized(rows: Sequence[Mapping[str, Any]], columns: list[str], source: str) -> Convention:
    """The format that fits the largest number of rows."""
    fits = Counter(fit for row in rows if (fit := fit_of(row)) is not None)
    # If all values are missing, the columns alone decide, so that the rows' reasons are reported.
    fits = fits or Counter(fit for row in rows if (fit := _fit(row)) is not None)
    if not fits:
        raise _unrecognized(columns, source, "recognized")
    format, mapping = fits.most_common(1)[0][0]
    needed = [one for one in (mapping.instruction, mapping.response, mapping.conversation) if one]
    count = sum(all(row.get(column) is not None for column in needed) for row in rows)
    shown = " and ".join(repr(column) for column in needed)
    reason = f"{shown} in {count} of the first {plural(len(rows), 'row')}{_SHAPES.get(format, '')}"
    if mapping.conversation is None:
        mapping = _with_input(FLAT.get(format, mapping), columns)
    return Convention(format=format, mapping=mapping, reasons=(reason,))


def _fit(row: Mapping[str, Any]) -> tuple[DatasetFormat, ColumnMapping] | None:
    for fit in _conversations(row):
        return fit
    for format, mapping in FLAT.items():
        if {mapping.instruction, mapping.response} <= row.keys():
            # The input is omitted so that rows with and without it count as one format.
            return format, replace(mapping, input=None)
    columns = _flat_columns(row)
    return (DatasetFormat.PROMPT_RESPONSE, replace(columns, input=None)) if columns else None


def _conversations(row: Mapping[str, Any]) -> Iterable[tuple[DatasetFormat, ColumnMapping]]:
    for column in candidates(row, DatasetField.CONVERSATION):
        found = conversation_format(row[column])
        speakers = speakers_in(row[column]) if found else []
        if not found or (normal(column) in AMBIGUOUS and USER not in speakers):
            continue
        response = first_of(row, DatasetField.RESPONSE, without=[column])
        if speakers[-1] == USER and response:
            # The conversation is the prompt, and its answer is beside it.
            mapping = ColumnMapping(instruction=column, response=response)
            yield DatasetFormat.PROMPT_RESPONSE, mapping
        else:
            yield found, ColumnMapping(conversation=column)


def _flat_columns(
    columns: Iterable[str], given: ColumnMapping | None = None
) -> ColumnMapping | None:
    given = given or ColumnMapping()
    columns = list(columns)
    taken = list(given.as_dict().values())
    response = given.response or first_of(columns, DatasetField.RESPONSE, without=taken)
    instruction = given.instruction or first_of(columns, DatasetField.INSTRUCTION, without=taken)
    if instruction is None or response is None:
        return None
    return _with_input(replace(given, instruction=instruction, response=response), columns)


def _with_input(mapping: ColumnMapping, columns: Collection[str]) -> ColumnMapping:
    """The mapping with the input's column, which later rows may have even if none of these has."""
    taken = [column for column in (mapping.instruction, mapping.response) if column]
    usual = mapping.input or _USUAL_INPUT
    if usual in columns and usual not in taken:
        return replace(mapping, input=usual)
    other = first_of(columns, DatasetField.INPUT, without=taken)
    return replace(mapping, input=other or (None if usual in taken else usual))


def _with_columns(
    found: Convention, columns: Collection[str], beside: Mapping[DatasetField, str | None]
) -> tuple[str, ...]:
    """The reasons, with the columns that the format's name does not say."""
    usual = FLAT.get(found.format)
    input_ = found.mapping.input
    is_unusual = input_ in columns and (usual is None or input_ != usual.input)
    others = {"input": input_ if is_unusual else None} | {str(k): v for k, v in beside.items()}
    named = [f"{field} from {column!r}" for field, column in others.items() if column]
    return (", ".join((found.reasons[0], *named)), *found.reasons[1:])


def _rivals(rows: Sequence[Mapping[str, Any]], mapping: ColumnMapping) -> frozenset[str]:
    """Columns that have a value in a row in which the mapping's column for the field has one."""
    rivals: set[str] = set()
    for field, column in mapping.as_dict().items():
        for row in rows:
            if is_filled(row.get(column)):
                same = candidates(row, DatasetField(field))
                rivals.update(one for one in same if one != column and is_filled(row[one]))
    return frozenset(rivals - set(mapping.as_dict().values()))


def _unrecognized(columns: list[str], source: str, how: str) -> UnknownConventionError:
    return UnknownConventionError(
        f"{source} cannot be {how}: the columns of its first rows "
        f"are {listed(columns)}. Name the columns of the fields with a mapping, for instance "
        '{"instruction": "prompt", "response": "completion"} or {"conversation": "chat"}.'
    )
