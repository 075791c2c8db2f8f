"""Check that the buffers of Arrow data fit each other, before any value is read.

Arrow's readers trust the offsets of a file. Reading a value at a wrong offset ends the process, and
with it the app. Values that only Python cannot represent, such as a text that is not UTF-8, are no
fault of this kind: they are left to `arrow_values`.
"""

import pyarrow as pa

_SAME_LAYOUT = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
    pa.date64(): pa.int64(),
    pa.time32("s"): pa.int32(),
    pa.time32("ms"): pa.int32(),
    pa.time64("us"): pa.int64(),
    pa.time64("ns"): pa.int64(),
}
"""Types without rules for their values, by the type of the same layout."""


def check_buffers(batch: pa.RecordBatch) -> None:
    """Check the offsets, indices and lengths of a batch.

    Raises:
        pa.ArrowException: the batch is damaged.
    """
    for column in batch.columns:
        # A view of a null array inside another type has the wrong length (pyarrow 26), so such
        # columns are checked as they are: a text that is not UTF-8 then counts as damage.
        plain = column if _has_nulls(column.type) else column.view(without_rules(column.type))
        plain.validate(full=True)


def without_rules(type_: pa.DataType) -> pa.DataType:
    """The type of the same layout that accepts all values of its bytes.

    >>> without_rules(pa.list_(pa.string()))
    ListType(list<item: binary>)
    """
    if pa.types.is_dictionary(type_):
        values = without_rules(type_.value_type)
        return pa.dictionary(type_.index_type, values, type_.ordered)
    if pa.types.is_struct(type_):
        return pa.struct([_field(one) for one in type_])
    if pa.types.is_map(type_):
        return pa.map_(_field(type_.key_field), _field(type_.item_field))
    if pa.types.is_fixed_size_list(type_):
        return pa.list_(_field(type_.value_field), type_.list_size)
    if pa.types.is_large_list(type_):
        return pa.large_list(_field(type_.value_field))
    if pa.types.is_list(type_):
        return pa.list_(_field(type_.value_field))
    if pa.types.is_decimal(type_):
        return pa.binary(type_.bit_width // 8)
    return _SAME_LAYOUT.get(type_, type_)


def _has_nulls(type_: pa.DataType) -> bool:
    """Whether a type contains the type of values that are all missing."""
    children = (type_.field(number).type for number in range(type_.num_fields))
    return pa.types.is_null(type_) or any(map(_has_nulls, children))


def _field(field: pa.Field) -> pa.Field:
    return field.with_type(without_rules(field.type))
