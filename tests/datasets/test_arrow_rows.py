import datetime
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from itlim.datasets import open_dataset, read_dataset
from itlim.errors import DatasetError
from itlim.records import FileKind


@pytest.fixture
def written(tmp_path):
    def write(rows, name="set.parquet", **options):
        path = tmp_path / name
        pq.write_table(pa.Table.from_pylist(rows), path, **options)
        return path

    return write


def test_parquet_rows_have_their_row_number_as_line(written):
    rows = [{"instruction": f"Q{n}", "context": None, "response": f"A{n}"} for n in range(600)]
    rows[3]["response"] = None
    reader = open_dataset(written(rows, row_group_size=250), "toy")
    table = pa.Table.from_batches(reader.batches())
    assert reader.files[0].kind is FileKind.PARQUET
    assert table["instance_id"].to_pylist() == [f"toy-{n}" for n in range(1, 601) if n != 4]
    assert table["source_line"].to_pylist() == [n for n in range(1, 601) if n != 4]
    assert table["response"].to_pylist()[-1] == "A599"
    # A null cell counts as a missing column, which is allowed for the input only.
    assert [(bad.line, bad.reason) for bad in reader.bad_rows] == [
        (4, "the key 'response' is missing")
    ]


def test_values_that_json_cannot_represent_are_kept_as_text(written):
    rows = [
        {
            "prompt": "Q",
            "completion": "A",
            "day": datetime.date(2024, 2, 7),
            "score": float("nan"),
            "picture": b"12345",
            "tags": [{"name": "é"}],
        }
    ]
    (row,) = read_dataset(written(rows), "toy").table.to_pylist()
    assert json.loads(row["extra"]) == {
        "day": "2024-02-07",
        "score": None,
        "picture": "5 bytes",
        "tags": [{"name": "é"}],
    }


def test_messages_in_the_tulu_format_are_read_from_parquet(written):
    said = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    more = [*said, {"role": "user", "content": "Q2"}, {"role": "assistant", "content": "A2"}]
    rows = [
        {"dataset": "flan", "id": "flan-1", "messages": more},
        {"dataset": "lima", "id": "lima-1", "messages": said},
    ]
    table = read_dataset(written(rows), "tulu").table
    assert table["instance_id"].to_pylist() == ["tulu-1", "tulu-2", "tulu-3"]
    assert table["source_line"].to_pylist() == [1, 1, 2]
    assert table["input"].to_pylist() == ["", "User: Q\n\nAssistant: A", ""]


def test_a_damaged_file_is_rejected(written):
    path = written([{"prompt": "Q" * 50, "completion": "A"}] * 50)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DatasetError, match="Is the file cut off or damaged"):
        read_dataset(path, "toy")
    stream = path.with_name("set.arrow")
    stream.write_bytes(b"\xff\xff\xff\xff\x10\x00\x00\x00nonsense")
    with pytest.raises(DatasetError, match="Is the file cut off or damaged"):
        read_dataset(stream, "toy")


FAR = pa.array([2**62], pa.int64())
Q = pa.array(["Q"])


def bad_utf8(first):
    offsets = pa.array([0, len(first)], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(first)])


@pytest.mark.parametrize(
    "column",
    [
        *(FAR.cast(pa.timestamp(unit)) for unit in ("s", "ms", "us")),
        FAR.cast(pa.timestamp("us", "Europe/Oslo")),
        pa.array([0], pa.int64()).cast(pa.timestamp("us", "Mars/Phobos")),
        FAR.cast(pa.duration("ms")),
        pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
        pa.array([2**40], pa.int64()).view(pa.date64()),
        pa.array([1], pa.time64("ns")),
        pa.array([Decimal(10) ** 70], pa.decimal256(76, 2)),
        bad_utf8(b"\xff\xfe"),
        pa.StructArray.from_arrays([FAR.cast(pa.timestamp("us")), Q], ["t", "k"]),
        pa.StructArray.from_arrays([Q, Q], ["x", "x"]),
        pa.ListArray.from_arrays([0, 1], FAR.cast(pa.timestamp("us"))),
        pa.MapArray.from_arrays([0, 1], Q, FAR.cast(pa.timestamp("us"))),
    ],
    ids=str,
)
def test_a_value_out_of_range_in_a_column_that_nobody_needs_does_no_harm(tmp_path, column):
    table = pa.table({"instruction": Q, "output": ["A"], "created": column})
    path = tmp_path / "set.arrow"
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)
    (row,) = read_dataset(path, "toy").table.to_pylist()
    assert (row["instruction"], row["response"]) == ("Q", "A")
    assert json.loads(row["extra"])["created"]


def test_a_date_after_the_year_9999_is_kept_as_text(written):
    path = written([{"instruction": "Q", "output": "A", "day": 0}])
    table = pq.read_table(path)
    seconds = pa.array([253_402_300_800], pa.int64()).cast(pa.timestamp("s"))
    pq.write_table(table.set_column(2, "day", seconds), path)
    (row,) = read_dataset(path, "toy").table.to_pylist()
    assert json.loads(row["extra"]) == {"day": "10000-01-01 00:00:00.000"}


def test_a_text_that_is_not_utf8_leaves_out_its_row_only(tmp_path):
    good = pa.table({"instruction": Q, "output": ["A"]})
    bad = pa.table({"instruction": Q, "output": bad_utf8(b"\xff\xfe")})
    path = tmp_path / "set.parquet"
    pq.write_table(pa.concat_tables([good, bad, good]), path)
    read = read_dataset(path, "toy")
    assert read.table["instance_id"].to_pylist() == ["toy-1", "toy-3"]
    assert [bad.reason for bad in read.bad_rows] == ["'output' contains bytes that are not UTF-8"]


@pytest.mark.parametrize(
    "text",
    [
        pa.array([b"Q"]),
        pa.array(["Q"], pa.large_string()),
        pa.array(["Q"], pa.string_view()),
        pa.array(["Q"]).dictionary_encode(),
        pa.RunEndEncodedArray.from_arrays([1], Q),
    ],
    ids=lambda text: str(text.type),
)
def test_a_text_of_any_type_is_read(tmp_path, text):
    table = pa.table({"instruction": text, "input": pa.nulls(1), "output": text})
    for name, new in (("file.arrow", pa.ipc.new_file), ("stream.arrow", pa.ipc.new_stream)):
        with new(tmp_path / name, table.schema) as file:
            file.write_table(table)
        (row,) = read_dataset(tmp_path / name, "toy").table.to_pylist()
        assert (row["instruction"], row["input"], row["response"]) == ("Q", "", "Q")


SAID = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])


@pytest.mark.parametrize(
    "messages",
    [
        pa.array([SAID], pa.list_(MESSAGE)),
        pa.array([SAID], pa.large_list(MESSAGE)),
        pa.array([SAID], pa.list_(MESSAGE, 2)),
        pa.array([[None, *SAID, None]], pa.list_(MESSAGE)),
        pa.array(
            [[list(one.items()) for one in SAID]], pa.list_(pa.map_(pa.string(), pa.string()))
        ),
        pa.array([{"role": ["user", "assistant"], "content": ["Q", "A"]}]),
    ],
    ids=lambda array: str(array.type)[:60],
)
def test_messages_of_any_type_are_read(tmp_path, messages):
    pq.write_table(pa.table({"messages": messages}), tmp_path / "set.parquet")
    (row,) = read_dataset(tmp_path / "set.parquet", "toy").table.to_pylist()
    assert (row["instruction"], row["input"], row["response"]) == ("Q", "", "A")


def test_two_columns_of_one_name_are_rejected(tmp_path):
    table = pa.table([Q, Q, Q], names=["instruction", "output", "output"])
    pq.write_table(table, tmp_path / "set.parquet")
    with pytest.raises(DatasetError, match="has several columns 'output': rename all but one"):
        read_dataset(tmp_path / "set.parquet", "toy")
