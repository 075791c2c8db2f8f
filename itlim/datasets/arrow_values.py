"""Convert Arrow values to Python, one value at a time if the conversion of a batch fails.

A single value that Python cannot represent, such as a date after the year 9999, must not make a
file unreadable: it becomes text, or bytes if it is a text that is not UTF-8.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

_CANNOT_CONVERT = (ArithmeticError, ValueError, KeyError, pa.ArrowException, ImportError)


class OutOfRange(str):
    """Text of a value that Python cannot represent."""

    __slots__ = ()


def batch_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a batch as dictionaries; maps become dictionaries too."""
    try:
        return list(batch.to_pylist(maps_as_pydicts="lossy"))
    except _CANNOT_CONVERT:
        columns = [_column(column) for column in batch.columns]
    rows = zip(*columns, strict=True)
    return [dict(zip(batch.schema.names, values, strict=True)) for values in rows]


def _column(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist(maps_as_pydicts="lossy"))
    except _CANNOT_CONVERT:
        return [_value(scalar) for scalar in column]


def _value(scalar: pa.Scalar) -> Any:
    """A value whose parts are converted one by one."""
    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.StructScalar):
        return _struct(scalar)
    if isinstance(scalar, pa.MapScalar):
        return {_value(key): _value(item) for key, item in _pairs(scalar)}
    if isinstance(scalar, pa.ListScalar | pa.LargeListScalar | pa.FixedSizeListScalar):
        return [_value(item) for item in scalar.values]
    if isinstance(scalar, pa.DictionaryScalar):
        return _value(scalar.value)
    try:
        return scalar.as_py()
    except _CANNOT_CONVERT:
        return _out_of_range(scalar)


def _struct(scalar: pa.StructScalar) -> dict[str, Any]:
    """The fields of a struct; a name that repeats gets its position, so that no value is lost."""
    found: dict[str, Any] = {}
    for position in range(scalar.type.num_fields):
        name = scalar.type.field(position).name
        key = name if name not in found else f"{name} ({position + 1})"
        found[key] = _value(scalar[position])
    return found


def _pairs(scalar: pa.MapScalar) -> Iterator[tuple[pa.Scalar, pa.Scalar]]:
    entries = scalar.values
    for entry in entries:
        yield entry[0], entry[1]


def _out_of_range(scalar: pa.Scalar) -> Any:
    """A value that Python cannot represent: bytes of a text, or text of a date or time."""
    if isinstance(scalar, pa.StringScalar | pa.LargeStringScalar | pa.StringViewScalar):
        return scalar.as_buffer().to_pybytes()
    kind = scalar.type
    try:
        if pa.types.is_timestamp(kind):
            # The time zone may be what cannot be read; a time without one is in UTC.
            scalar = scalar.cast(pa.timestamp(kind.unit))
        return OutOfRange(scalar.cast(pa.string()).as_py())
    except _CANNOT_CONVERT:
        return OutOfRange(f"a value of type {scalar.type}")
