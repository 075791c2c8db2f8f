import hashlib
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.datasets import content_sha256, open_dataset, read_dataset
from itlim.datasets.reading import MAX_BAD_ROWS_KEPT
from itlim.errors import CancelledError, DatasetError
from itlim.records import DatasetFormat
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


def test_the_hash_depends_on_the_field_boundaries():
    assert content_sha256("ab", "", "c") != content_sha256("a", "b", "c")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "invalid JSON"),
        ("[1, 2]", "a value of type list, expected an object"),
        ('{"output": "A"}', "'instruction' is missing"),
        ('{"instruction": "Q"}', "'output' is missing"),
        ('{"instruction": "Q", "output": ["A"]}', "'output' has type list, expected text"),
        ('{"instruction": "Q", "input": {}, "output": null}', "the key 'output' is missing"),
        ('{"instruction": "Q", "input": [3], "output": "A"}', "'input' has type list"),
        ('{"instruction": " ", "output": "A"}', "'instruction' is empty"),
        ('{"instruction": "Q", "output": ""}', "'output' is empty"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_keeps_its_number(tmp_path, line, reason):
    good = '{"instruction": "Q", "output": "A"}'
    read = read_dataset(written(tmp_path, f"{good}\n{line}\n{good}\n"), "toy")
    assert [bad.line for bad in read.bad_rows] == [2]
    assert reason in read.bad_rows[0].reason
    assert read.table.column("instance_id").to_pylist() == ["toy-1", "toy-3"]


def test_a_file_without_a_usable_row_is_rejected_with_the_first_reason(tmp_path):
    with pytest.raises(DatasetError, match=r"no usable row among 1.*line 1, the key 'output'"):
        read_dataset(written(tmp_path, '{"instruction": "Q"}\n'), "toy", format="alpaca")
    with pytest.raises(DatasetError, match="no usable row: it is empty"):
        read_dataset(written(tmp_path, "\n\n"), "toy")


def test_a_missing_or_cut_off_file_is_rejected(tmp_path):
    with pytest.raises(DatasetError, match="Cannot read"):
        read_dataset(tmp_path / "nowhere.json", "toy")
    with pytest.raises(DatasetError, match="cut off"):
        read_dataset(written(tmp_path, '[{"instruction": "Q", "output": "A"},'), "toy")
    with pytest.raises(DatasetError, match="line 2: invalid JSON"):
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
def test_any_text_is_read_unchanged(tmp_path_factory, texts, array):
    rows = [{"instruction": q, "input": i, "output": a} for q, i, a in texts]
    dumped = [json.dumps(row, ensure_ascii=False) for row in rows]
    text = "[" + ",".join(dumped) + "]" if array else "\n".join(dumped)
    read = read_dataset(written(tmp_path_factory.mktemp("any"), text), "toy")
    table = read.table.to_pylist()
    assert [(row["instruction"], row["input"], row["response"]) for row in table] == texts


def test_the_hash_equals_that_of_the_three_texts_as_a_json_list():
    texts = ['a "quoted" \\ text', "tab\t, bell\x07, \u2028, 東京 🚀", "é"]
    content = json.dumps(texts, ensure_ascii=False).encode()
    assert content_sha256(*texts) == hashlib.sha256(content).hexdigest()


def test_batches_are_bounded_and_together_equal_the_table(tmp_path):
    limits = {"max_rows": 3, "max_characters": 1000}
    lengths = [10, 10, 10, 10, 2000, 10, 10]
    rows = [{"instruction": f"Q{n}", "output": "x" * length} for n, length in enumerate(lengths)]
    path = written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    reader = open_dataset(path, "toy")
    batches = list(reader.batches(**limits))
    assert [batch.num_rows for batch in batches] == [3, 2, 2]
    assert {batch.schema for batch in batches} == {INSTANCES}
    assert pa.Table.from_batches(batches) == read_dataset(path, "toy").table
    # A second pass gives the same batches, so an index build can read twice.
    assert list(reader.batches(**limits)) == batches
    assert (reader.n_instances, reader.n_bad_rows) == (7, 0)


def test_progress_never_decreases_and_ends_at_one(tmp_path):
    rows = "".join(json.dumps({"prompt": "Q", "completion": "A"}) + "\n" for _ in range(1000))
    seen = []
    read_dataset(written(tmp_path, rows), "toy", progress=lambda *report: seen.append(report))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert len(fractions) == 5
    assert seen[-1] == (1.0, "Read toy: 1,000 instances")


def test_reading_can_be_canceled(tmp_path):
    rows = "".join(json.dumps({"prompt": "Q", "completion": "A"}) + "\n" for _ in range(2000))
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) == 3

    with pytest.raises(CancelledError, match="was canceled"):
        read_dataset(written(tmp_path, rows), "toy", cancelled=cancelled)
    assert len(asked) == 3


def test_bad_rows_beyond_the_kept_ones_are_counted(tmp_path):
    good = '{"prompt": "Q", "completion": "A"}\n'
    read = read_dataset(
        written(tmp_path, good + "broken\n" * (MAX_BAD_ROWS_KEPT + 3) + good), "toy"
    )
    assert [bad.line for bad in read.bad_rows] == list(range(2, MAX_BAD_ROWS_KEPT + 2))
    assert read.n_bad_rows == MAX_BAD_ROWS_KEPT + 3
    assert read.table["instance_id"].to_pylist() == ["toy-1", f"toy-{MAX_BAD_ROWS_KEPT + 5}"]


@pytest.mark.parametrize("key", ["instruction", "input", "output"])
def test_half_a_surrogate_pair_is_a_bad_row(tmp_path, key):
    row = {"instruction": "Q", "input": "I", "output": "A"}
    lines = [json.dumps(row), json.dumps(row | {key: "\ud800"})]
    read = read_dataset(written(tmp_path, "\n".join(lines)), "toy")
    assert [bad.line for bad in read.bad_rows] == [2]
    assert "half a surrogate pair" in read.bad_rows[0].reason


def test_extra_is_always_valid_json(tmp_path):
    line = '{"prompt": "Q", "completion": "A", "n": NaN, "half": "\\ud800", "deep": [{"é": 1e999}]}'
    (row,) = read_dataset(written(tmp_path, line), "toy").table.to_pylist()
    assert json.loads(row["extra"]) == {"n": None, "half": "\ud800", "deep": [{"é": None}]}


@pytest.mark.parametrize("format", DatasetFormat)
def test_every_format_can_be_named(tmp_path, format):
    said = {
        DatasetFormat.SHAREGPT: [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}],
        DatasetFormat.LIMA: ["Q", "A"],
        DatasetFormat.MESSAGES: [
            {"role": "user", "content": "Q"},
            {"role": "assistant", "content": "A"},
        ],
    }
    row = {"instruction": "Q", "output": "A", "response": "A"}
    if format in said:
        row = {"conversations": said[format]}
    path = written(tmp_path, json.dumps(row))
    read = read_dataset(path, "toy", format=str(format))
    assert read.format is format
    assert read.table["response"].to_pylist() == ["A"]
