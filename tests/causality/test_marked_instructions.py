import json

import pyarrow.parquet as pq
import pytest

from itlim.causality.leave_out.marked_instructions import (
    MarkedInstruction,
    origin_of,
    read_marked_instructions,
    with_origin,
)
from itlim.errors import InputError
from itlim.export import run_document
from itlim.schema import LEAVE_OUT
from tests.example_runs import example_run


def written(tmp_path, *rows):
    path = tmp_path / "asked.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_lines_become_instructions_with_their_line_numbers(tmp_path):
    path = written(
        tmp_path,
        {"instruction": "Who?", "quotes": ["Ann"]},
        "",
        {"instruction": "What?", "input": "This.", "spans": [[0, 3]]},
    )
    assert read_marked_instructions(path) == (
        MarkedInstruction(line=1, instruction="Who?", quotes=("Ann",)),
        MarkedInstruction(line=3, instruction="What?", input="This.", spans=((0, 3),)),
    )


def test_an_exported_run_with_added_quotes_is_a_valid_line(tmp_path):
    document = run_document(example_run()) | {"quotes": ["café"]}
    (asked,) = read_marked_instructions(written(tmp_path, document))
    assert asked.instruction == example_run().instruction
    assert asked.response == example_run().response


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "line 1 is invalid"),
        ("[]", "line 1 is invalid"),
        ({"quotes": ["a"]}, "line 1 is invalid"),
        ({"instruction": "Who?"}, "does not mark any words"),
        ({"instruction": "  ", "quotes": ["a"]}, "line 1: expected"),
        ({"instruction": "Who?", "quotes": [3]}, "line 1: expected"),
        ({"instruction": "Who?", "spans": [[1]]}, "line 1 is invalid"),
        ("", "is empty"),
    ],
)
def test_an_invalid_line_is_named(tmp_path, row, said):
    with pytest.raises(InputError, match=said):
        read_marked_instructions(written(tmp_path, row))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no\.jsonl cannot be read"):
        read_marked_instructions(tmp_path / "no.jsonl")


def test_a_table_stores_how_it_was_made(tmp_path):
    asked = (
        MarkedInstruction(line=2, instruction="Wer?", quotes=("“é”",), spans=((0, 3), (4, 6))),
    )
    path = tmp_path / "made.parquet"
    pq.write_table(with_origin(LEAVE_OUT.empty_table(), "mine", asked, 7), path)
    assert origin_of(path) == ("mine", asked, 7)
    pq.write_table(LEAVE_OUT.empty_table(), path)
    assert origin_of(path) is None
