"""Buffers of Arrow data: valid data passes, whatever its types; damaged data does not."""

import pyarrow as pa
import pytest

from itlim.datasets.arrow_checks import check_buffers

VALID = {
    "texts": pa.array(["a", None, "é"]),
    "all missing": pa.nulls(3),
    "all missing inside": pa.array([[{"role": "user", "content": None}] * 2, [], None]),
    "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
    "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    "not UTF-8": pa.array([b"a", b"\xff", b""]).view(pa.string()),
}


@pytest.mark.parametrize("column", VALID.values(), ids=VALID)
def test_valid_columns_pass(column):
    check_buffers(pa.record_batch({"x": column}))
    check_buffers(pa.record_batch({"x": column}).slice(1, 2))


def damaged(offsets):
    """Texts whose offsets do not fit their bytes; nothing checks them when they are made."""
    buffers = [None, pa.array(offsets, pa.int32()).buffers()[1], pa.py_buffer(b"abc")]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def batch_of(column):
    schema = pa.schema([pa.field("x", column.type)])
    return pa.RecordBatch.from_arrays([column], schema=schema)


@pytest.mark.parametrize("offsets", [[0, 999, 3], [0, -5, 3], [0, 3, 2, 3]])
def test_wrong_offsets_are_found(offsets):
    batch = batch_of(damaged(offsets))
    with pytest.raises(pa.ArrowException):
        check_buffers(batch)


def test_wrong_offsets_beside_missing_values_are_found():
    type_ = pa.struct([("text", pa.string()), ("nothing", pa.null())])
    children = [damaged([0, 999, 3]), pa.nulls(2)]
    batch = batch_of(pa.Array.from_buffers(type_, 2, [None], children=children))
    with pytest.raises(pa.ArrowException):
        check_buffers(batch)
