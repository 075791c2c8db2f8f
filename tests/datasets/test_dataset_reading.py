import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.datasets import content_sha256, read_dataset
from itlim.errors import DatasetError
from itlim.schema import INSTANCES


def written(tmp_path, text, name="set.jsonl"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_become_instances_with_id_line_and_extra(tmp_path):
    text = (
        '{"instruction": "Add.", "input": "1 2", "output": "3", "category": "sums"}\n'
        "\n"
        '{"instruction": "Name a river.", "output": "The Nile."}\n'
    )
    read = read_dataset(written(tmp_path, text), "toy")
    assert read.table.schema == INSTANCES
    assert read.bad_rows == ()
    first, second = read.table.to_pylist()
    assert first["instance_id"] == "toy-1"
    assert (first["instruction"], first["input"], first["response"]) == ("Add.", "1 2", "3")
    assert json.loads(first["extra"]) == {"category": "sums"}
    assert (second["instance_id"], second["source_line"], second["input"]) == ("toy-2", 3, "")


def test_a_json_array_gives_the_same_instances_with_its_own_lines(tmp_path):
    rows = [{"instruction": f"Q{n}", "input": "", "output": f"A{n}"} for n in range(3)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    array = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    one = read_dataset(written(tmp_path, lines), "toy").table.to_pylist()
    two = read_dataset(written(tmp_path, array, "set.json"), "toy").table.to_pylist()
    assert [row["source_line"] for row in one] == [1, 2, 3]
    assert [row["source_line"] for row in two] == [2, 3, 4]
    assert [row | {"source_line": 0} for row in one] == [row | {"source_line": 0} for row in two]


def test_exact_duplicates_share_their_content_hash_but_not_their_id(tmp_path):
    line = '{"instruction": "Q", "output": "A"}\n'
    first, second = read_dataset(written(tmp_path, line * 2), "toy").table.to_pylist()
    assert first["content_sha256"] == second["content_sha256"]
    assert first["instance_id"] != second["instance_id"]


def test_the_hash_keeps_the_fields_apart():
    assert content_sha256("ab", "", "c") != content_sha256("a", "b", "c")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "no JSON"),
        ("[1, 2]", "a list, expected an object"),
        ('{"output": "A"}', "'instruction' is missing"),
        ('{"instruction": "Q"}', "'output' is missing"),
        ('{"instruction": "Q", "output": 3}', "'output' is a int, expected text"),
        ('{"instruction": "Q", "input": null, "output": "A"}', "'input' is a NoneType"),
        ('{"instruction": " ", "output": "A"}', "'instruction' is empty"),
        ('{"instruction": "Q", "output": ""}', "'output' is empty"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_the_others_keep_their_numbers(
    tmp_path, line, reason
):
    good = '{"instruction": "Q", "output": "A"}'
    read = read_dataset(written(tmp_path, f"{good}\n{line}\n{good}\n"), "toy")
    assert [bad.line for bad in read.bad_rows] == [2]
    assert reason in read.bad_rows[0].reason
    assert read.table.column("instance_id").to_pylist() == ["toy-1", "toy-3"]


def test_a_file_without_a_usable_row_is_refused_with_the_first_reason(tmp_path):
    with pytest.raises(DatasetError, match=r"no usable row among 1.*line 1, the key 'output'"):
        read_dataset(written(tmp_path, '{"instruction": "Q"}\n'), "toy", format="alpaca")
    with pytest.raises(DatasetError, match="no usable row among 0"):
        read_dataset(written(tmp_path, "\n\n"), "toy")


def test_a_missing_or_cut_off_file_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="Cannot read"):
        read_dataset(tmp_path / "nowhere.json", "toy")
    with pytest.raises(DatasetError, match="cut off"):
        read_dataset(written(tmp_path, '[{"instruction": "Q", "output": "A"},'), "toy")
    with pytest.raises(DatasetError, match="line 2: no valid JSON"):
        read_dataset(written(tmp_path, '[{"instruction": "Q", "output": "A"},\n{"a": }]'), "toy")


@given(
    texts=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
            st.text(st.characters(codec="utf-8")),
            st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
        ),
        min_size=1,
        max_size=4,
    ),
    array=st.booleans(),
)
def test_any_text_survives_the_round_trip(tmp_path_factory, texts, array):
    rows = [{"instruction": q, "input": i, "output": a} for q, i, a in texts]
    dumped = [json.dumps(row, ensure_ascii=False) for row in rows]
    text = "[" + ",".join(dumped) + "]" if array else "\n".join(dumped)
    read = read_dataset(written(tmp_path_factory.mktemp("any"), text), "toy")
    table = read.table.to_pylist()
    assert [(row["instruction"], row["input"], row["response"]) for row in table] == texts
