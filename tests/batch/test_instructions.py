import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from itlim.batch.instructions import BatchItem, read_instructions
from itlim.errors import DatasetError, InputError

ROWS = [
    {"id": "a1", "instruction": "Name a lake.", "input": "in Africa", "task": "qa", "topic": "geo"},
    {"id": "a2", "instruction": "Say 寿司, “please”", "input": "", "task": "chat", "topic": ""},
]


def written(path):
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(ROWS), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(ROWS[0]))
            writer.writeheader()
            writer.writerows(ROWS)
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
def test_every_kind_of_file_gives_the_same_items(tmp_path, suffix):
    read = read_instructions(written(tmp_path / f"rows{suffix}"))
    assert [(one.id, one.instruction, one.input, one.task, one.topic) for one in read.items] == [
        ("a1", "Name a lake.", "in Africa", "qa", "geo"),
        ("a2", "Say 寿司, “please”", "", "chat", None),
    ]
    assert not read.rejected


def read_lines(tmp_path, *lines):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_instructions(path)


def test_only_the_instruction_is_required_and_the_row_number_replaces_an_id(tmp_path):
    read = read_lines(tmp_path, '{"prompt": "Who?"}', '{"question": "Why?", "output": "So."}')
    assert read.items == (
        BatchItem(id="1", line=1, instruction="Who?"),
        BatchItem(id="2", line=2, instruction="Why?"),
    )


def test_rows_that_cannot_be_asked_are_rejected_with_their_reason_and_line(tmp_path):
    read = read_lines(
        tmp_path,
        '{"instruction": "Who?"}',
        '{"instruction": " ", "text": "x"}',
        "{broken",
        "[1]",
        '{"instruction": "\\ud800"}',
    )
    assert [one.id for one in read.items] == ["1"]
    assert [one.line for one in read.rejected] == [2, 3, 4, 5]
    assert "no instruction; its columns with a text are: 'text'" in read.rejected[0].reason
    assert all(one.reason for one in read.rejected)


def test_tags_of_any_type_are_read_as_text(tmp_path):
    read = read_lines(tmp_path, '{"instruction": "Who?", "Task": 3, "topic": ["a", "b"], "id": 17}')
    assert (read.items[0].id, read.items[0].task) == ("17", "3")
    assert json.loads(read.items[0].topic) == ["a", "b"]


def test_a_file_without_any_instruction_says_what_was_expected(tmp_path):
    with pytest.raises(DatasetError, match=r"column `instruction`.*line 1"):
        read_lines(tmp_path, '{"text": "x"}')


def test_a_missing_file_is_not_taken_for_a_hub_id(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_instructions(tmp_path / "owner" / "name")
