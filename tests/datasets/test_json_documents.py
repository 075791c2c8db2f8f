"""JSON files that are one object instead of one array or one object per line."""

import json

import pytest

from itlim.datasets import read_dataset
from itlim.datasets.json_documents import read_document
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError

ROWS = [{"instruction": f"Q{n}", "output": f"A{n}"} for n in range(3)]
SAID = [{"role": "user", "content": "Q0"}, {"role": "assistant", "content": "A0"}]
BY_ROW = {str(n): row for n, row in enumerate(ROWS)}
COLUMNS = {"instruction": ["Q0", "Q1", "Q2"], "output": ["A0", "A1", "A2"]}


@pytest.fixture
def written(tmp_path):
    def write(value, indent):
        path = tmp_path / "set.json"
        path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("value", "n_rows", "not_read"),
    [
        ({"version": "1.0", "data": ROWS}, 3, ["'version' in set.json"]),
        ({"train": ROWS, "test": ROWS[:1]}, 3, ["'test' in set.json"]),
        ({"train": COLUMNS, "test": COLUMNS}, 3, ["'test' in set.json"]),
        (COLUMNS, 3, []),
        ({"messages": [SAID]}, 1, []),
        ({"instruction": {"0": "Q0", "1": "Q1"}, "output": {"0": "A0", "1": "A1"}}, 2, []),
        ({"columns": ["instruction", "output"], "index": [0], "data": [["Q0", "A0"]]}, 1, []),
        (BY_ROW, 3, []),
        (ROWS[0], 1, []),
        ({"messages": SAID}, 1, []),
    ],
)
def test_the_rows_of_an_object_are_found(written, indent, value, n_rows, not_read):
    read = read_dataset(written(value, indent), "toy")
    assert read.table["instruction"].to_pylist() == [f"Q{n}" for n in range(n_rows)]
    assert read.table["response"].to_pylist() == [f"A{n}" for n in range(n_rows)]
    assert list(read.report.not_read) == not_read


def test_the_key_of_a_row_is_kept(written):
    extra = read_dataset(written(BY_ROW, None), "toy").table["extra"].to_pylist()
    assert [json.loads(one) for one in extra] == [{"key": str(n)} for n in range(3)]


def test_one_of_several_lists_of_rows_must_be_chosen(written):
    with pytest.raises(DatasetError, match="several lists of rows, under the keys 'a', 'b': save"):
        read_dataset(written({"a": ROWS, "b": ROWS}, None), "toy")


@pytest.mark.parametrize(
    "value",
    [
        {"talk": SAID, "k": 1},
        {"instruction": "Q", "instances": [{"input": "", "output": "A"}]},
        {"id": 1},
    ],
)
def test_a_row_with_nested_objects_is_not_taken_apart(written, value):
    with TextFile(written(value, None)) as file:
        assert read_document(file) is None


def test_an_object_over_the_size_limit_is_read_line_by_line(written):
    path = written({"data": ROWS}, 1)
    with TextFile(path, max_row_bytes=50) as file:
        assert read_document(file) is None
    with TextFile(path) as file:
        assert read_document(file).rows == ROWS


def test_a_key_that_occurs_twice_makes_a_row_ambiguous(tmp_path):
    path = tmp_path / "set.jsonl"
    doubled = '{"instruction": "Q", "output": "A", "output": "B"}'
    same = '{"instruction": "Q", "output": "A", "output": "A"}'
    for text in (f"{doubled}\n{same}", f"[{doubled},\n{same}]"):
        path.write_text(text)
        read = read_dataset(path, "toy")
        assert [bad.reason for bad in read.bad_rows] == [
            "the key 'output' occurs twice with different values"
        ]
        assert read.table["response"].to_pylist() == ["A"]
