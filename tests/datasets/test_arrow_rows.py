import datetime
import json

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
