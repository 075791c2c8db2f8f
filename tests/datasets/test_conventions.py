import json

import pyarrow as pa
import pytest

from itlim.datasets import open_dataset, read_dataset
from itlim.errors import DatasetError
from itlim.records import DatasetField, DatasetFormat

ROWS = {
    DatasetFormat.ALPACA: {"instruction": "Q", "input": "I", "output": "A", "text": "x"},
    DatasetFormat.DOLLY: {"instruction": "Q", "context": "I", "response": "A", "category": "x"},
    DatasetFormat.PROMPT_RESPONSE: {"prompt": "Q", "context": "I", "completion": "A", "id": 7},
}


@pytest.fixture
def written(tmp_path):
    def write(*rows):
        path = tmp_path / "set.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("format", "row"), ROWS.items())
def test_a_flat_format_is_recognized_and_other_columns_go_to_extra(written, format, row):
    read = read_dataset(written(row, row), "toy")
    assert read.format is format
    for found in read.table.to_pylist():
        assert (found["instruction"], found["input"], found["response"]) == ("Q", "I", "A")
        used = set(read.mapping.as_dict().values())
        assert json.loads(found["extra"]) == {k: v for k, v in row.items() if k not in used}


@pytest.mark.parametrize(
    ("row", "format"),
    [
        (
            {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
            DatasetFormat.SHAREGPT,
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": "Q"},
                    {"role": "assistant", "content": "A"},
                ],
                "dataset": "flan",
                "id": "flan-1",
            },
            DatasetFormat.MESSAGES,
        ),
        ({"conversations": ["Q", "A"], "source": "wikihow"}, DatasetFormat.LIMA),
        # Several hub datasets repeat the first message in a prompt column.
        (
            {
                "prompt": "Q",
                "messages": [
                    {"role": "user", "content": "Q"},
                    {"role": "assistant", "content": "A"},
                ],
            },
            DatasetFormat.MESSAGES,
        ),
    ],
)
def test_a_conversation_is_recognized_by_its_messages(written, row, format):
    read = read_dataset(written(row), "toy")
    assert read.format is format
    (found,) = read.table.to_pylist()
    assert (found["instruction"], found["input"], found["response"]) == ("Q", "", "A")


def test_the_most_common_format_is_used_and_other_rows_are_read_with_their_own(written):
    alpaca, dolly = ROWS[DatasetFormat.ALPACA], ROWS[DatasetFormat.DOLLY]
    path = written(dolly, alpaca, alpaca)
    reader = open_dataset(path, "toy")
    assert reader.format is DatasetFormat.ALPACA
    assert reader.reasons == ("'instruction' and 'output' in 2 of the first 3 rows",)
    table = pa.Table.from_batches(reader.batches())
    assert table["instance_id"].to_pylist() == ["toy-1", "toy-2", "toy-3"]
    assert table["input"].to_pylist() == ["I", "I", "I"]
    assert [(one.column, one.rows) for one in reader.report.used] == [
        ("instruction", 3),
        ("context", 1),
        ("input", 2),
        ("response", 1),
        ("output", 2),
    ]


def test_if_the_format_is_given_rows_of_other_formats_are_bad_rows(written):
    alpaca, dolly = ROWS[DatasetFormat.ALPACA], ROWS[DatasetFormat.DOLLY]
    read = read_dataset(written(dolly, alpaca, alpaca), "toy", format="alpaca")
    assert read.table["instance_id"].to_pylist() == ["toy-2", "toy-3"]
    assert [bad.reason for bad in read.bad_rows] == ["the key 'output' is missing"]
    assert [(one.column, one.rows) for one in read.report.unused if one.looks_like] == [
        ("context", 1),
        ("response", 1),
    ]


def test_an_input_that_only_later_rows_have_is_used(written):
    rows = [{"question": "Q", "answer": "A"}] * 30 + [
        {"question": "Q", "answer": "A", "input": "I"}
    ]
    table = read_dataset(written(*rows), "toy").table
    assert table["input"].to_pylist() == [""] * 30 + ["I"]


def test_a_mapping_takes_precedence_over_detection(written):
    row = {"instruction": "no", "output": "no", "ask": "Q", "reply": "A", "more": "I"}
    path = written(row)
    read = read_dataset(path, "toy", mapping={"instruction": "ask", "response": "reply"})
    assert read.format is DatasetFormat.MAPPED
    (found,) = read.table.to_pylist()
    assert (found["instruction"], found["input"], found["response"]) == ("Q", "", "A")
    assert json.loads(found["extra"]) == {"instruction": "no", "output": "no", "more": "I"}
    full = {"instruction": "ask", "response": "reply", "input": "more"}
    assert read_dataset(path, "toy", mapping=full).table["input"].to_pylist() == ["I"]


def test_a_short_mapping_is_completed_from_the_usual_columns(written):
    path = written({"ask": "Q", "output": "A", "input": "I"})
    reader = open_dataset(path, "toy", mapping={"instruction": "ask"})
    assert reader.mapping.as_dict() == {
        "instruction": "ask",
        "input": "input",
        "response": "output",
    }
    assert reader.reasons == (
        "instruction from 'ask' (given)",
        "input from 'input'",
        "response from 'output'",
    )


def test_the_format_of_a_mapped_conversation_is_detected(written):
    row = {"talk": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}], "k": 1}
    read = read_dataset(written(row), "toy", mapping={"conversation": "talk"})
    assert read.format is DatasetFormat.SHAREGPT
    assert json.loads(read.table["extra"][0].as_py()) == {"k": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"cannot be recognized: .* are 'ask', 'reply'. Name the columns"),
        ({"mapping": {"instruction": "ask"}}, "this mapping, which lacks instruction or response"),
        (
            {"mapping": {"instruction": "asks", "response": "reply"}},
            r"no column 'asks'.* 'ask', 'reply'",
        ),
        ({"mapping": {"answer": "reply"}}, "names 'answer': expected instruction, input, response"),
        ({"mapping": {"conversation": "ask", "input": "ask"}}, "give only one of them"),
        ({"format": "lima"}, "cannot be read as lima"),
        ({"format": "prompt_response"}, "cannot be read as prompt_response"),
        ({"format": "csv"}, "Unknown dataset format 'csv': expected one of alpaca, dolly"),
    ],
)
def test_an_unreadable_dataset_is_an_error_that_says_what_to_give(written, options, message):
    with pytest.raises(DatasetError, match=message):
        read_dataset(written({"ask": "Q", "reply": "A"}), "toy", **options)


def test_a_given_format_is_not_overridden(written):
    path = written({"instruction": "Q", "response": "A", "output": "B"})
    assert read_dataset(path, "toy").table["response"].to_pylist() == ["B"]
    dolly = read_dataset(path, "toy", format="dolly")
    assert dolly.table["response"].to_pylist() == ["A"]


A = "The answer."
SAID = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": A}]


@pytest.mark.parametrize(
    ("row", "input", "unused"),
    [
        # GPTeacher, dolly with the columns of alpaca, and other mixtures of two conventions.
        ({"instruction": "Q", "input": "I", "response": A}, "I", []),
        ({"instruction": "Q", "context": "I", "output": A}, "I", []),
        ({"prompt": "Q", "input": "I", "response": A}, "I", []),
        ({"question": "Q", "passage": "I", "answer": A}, "I", []),
        ({"Instruction": "Q", "Input": "I", "Output": A}, "I", []),
        ({"instruction": "Q", "Input": "I", "output": A}, "I", []),
        ({"instruction": "Q", "input_text": "I", "output": A}, "I", []),
        ({"instruction": "Q", "input": "I", "context": "C", "output": A}, "I", ["context"]),
        ({"instruction": "Q", "question": "P", "answer": A}, "", ["question"]),
        # FLAN and P3, firefly, Magicoder, MATH, MetaMath.
        ({"inputs": "Q", "targets": A, "task": "x"}, "", ["task"]),
        ({"kind": "NLI", "input": "Q", "target": A}, "", ["kind"]),
        ({"lang": "py", "problem": "Q", "solution": A}, "", ["lang"]),
        ({"problem": "Q", "solution": A, "answer": "4"}, "", ["answer"]),
        ({"query": "Q", "response": A, "original_question": "q"}, "", ["original_question"]),
        # Preferences: the chosen answer is the one to imitate.
        ({"question": "Q", "chosen": A, "rejected": "B"}, "", ["rejected"]),
        ({"prompt": "Q", "chosen": SAID, "rejected": SAID}, "", ["prompt", "rejected"]),
        ({"prompt": SAID[:1], "chosen": SAID[1:], "rejected": SAID}, "", ["rejected"]),
        ({"prompt": SAID[:1], "completion": SAID[1:]}, "", []),
        ({"messages": SAID[:1], "response": A}, "", []),
        ({"messages": [*SAID, SAID[0]], "response": A}, f"User: Q\n\nAssistant: {A}", []),
        ({"prompt": json.dumps(SAID[:1]), "completion": json.dumps(SAID[1:])}, "", []),
        # System texts and earlier turns beside the instruction or the messages.
        ({"system_prompt": "S", "question": "Q", "response": A}, "System: S", []),
        ({"system": "S", "instruction": "Q", "input": "I", "output": A}, "System: S\n\nI", []),
        ({"conversations": SAID, "systemPrompt": "S"}, "System: S", []),
        ({"messages": [{"role": "system", "content": "S"}, *SAID], "system": "S"}, "System: S", []),
        ({"messages": SAID, "system": [{"text": "S"}]}, "System: S", []),
        ({"messages": SAID, "system": 3}, "", ["system"]),
        (
            {"instruction": "Q", "output": A, "system": "S", "history": [["q", "a"]]},
            "System: S\n\nUser: q\n\nAssistant: a",
            [],
        ),
        (
            {"instruction": "Q", "output": A, "history": '[["q", "a"]]'},
            "User: q\n\nAssistant: a",
            [],
        ),
        ({"instruction": "Q", "output": A, "system": "", "history": []}, "", []),
    ],
)
def test_a_column_that_looks_like_a_field_is_used_or_named(written, row, input, unused):
    read = read_dataset(written(row, row), "toy")
    for found in read.table.to_pylist():
        assert (found["instruction"], found["input"], found["response"]) == ("Q", input, A)
    assert [one.column for one in read.report.unused] == unused


def test_columns_are_used_row_by_row_if_conventions_are_mixed(written):
    rows = [
        {"instruction": "Q", "input": "I", "output": A, "context": None, "response": None},
        {"instruction": "Q", "input": None, "output": None, "context": "C", "response": A},
        {"prompt": "Q", "completion": A},
        {"messages": SAID, "instruction": ""},
    ]
    read = read_dataset(written(*rows), "toy")
    assert read.table["input"].to_pylist() == ["I", "C", "", ""]
    assert read.table["response"].to_pylist() == [A] * 4
    assert read.report.unused == ()


def test_a_column_that_says_something_else_never_stands_in_for_an_empty_one(written):
    rows = [
        {"instruction": "Q", "output": A, "answer": "gold"},
        {"instruction": "Q", "output": "", "answer": "gold"},
    ]
    read = read_dataset(written(*rows), "toy")
    assert read.table["response"].to_pylist() == [A]
    assert [bad.reason for bad in read.bad_rows] == ["'output' is empty"]
    (unused,) = read.report.unused
    assert (unused.column, unused.rows, unused.looks_like) == ("answer", 2, DatasetField.RESPONSE)


def test_values_that_are_not_text_are_read_as_text_and_noted(written):
    rows = [{"question": "2 + 2?", "answer": answer} for answer in (4, 4.0, True)]
    read = read_dataset(written(*rows), "toy")
    assert read.table["response"].to_pylist() == ["4", "4.0", "True"]
    assert [one.text for one in read.report.notes] == [
        f"'answer' has type {kind}, which is read as text" for kind in ("int", "float", "bool")
    ]


@pytest.mark.parametrize("column", ["contents", "chosen", "turns", "data"])
def test_a_list_of_texts_is_a_conversation_only_under_the_usual_names(written, column):
    with pytest.raises(DatasetError, match="cannot be recognized"):
        read_dataset(written({column: ["One.", "Two."]}), "toy")


@pytest.mark.parametrize("value", ['["a", "b"]', "[1, 2]", '{"role": "user"}', "['x']"])
def test_an_answer_that_looks_like_a_list_is_a_text(written, value):
    read = read_dataset(written({"instruction": value, "output": value}), "toy")
    (found,) = read.table.to_pylist()
    assert (found["instruction"], found["response"]) == (value, value)


def test_a_complete_mapping_reads_no_other_column(written):
    path = written({"q": "Q", "a": A, "system": "S", "input": "I"})
    read = read_dataset(path, "toy", mapping={"instruction": "q", "response": "a"})
    assert read.table["input"].to_pylist() == [""]
    assert [(one.column, str(one.looks_like)) for one in read.report.unused] == [
        ("system", "system"),
        ("input", "input"),
    ]
    full = {"instruction": "q", "response": "a", "system": "system", "input": "input"}
    assert read_dataset(path, "toy", mapping=full).table["input"].to_pylist() == ["System: S\n\nI"]
