import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.datasets import read_dataset
from itlim.datasets.instances import Fields
from itlim.datasets.messages import conversation_format
from itlim.datasets.row_reading import read_row
from itlim.records import ColumnMapping, DatasetFormat

SPOKEN = [
    ("system", "Be terse."),
    ("user", "Name a river."),
    ("assistant", "The Nile."),
    ("user", "And a lake?"),
    ("assistant", "Garda."),
]


def messages(spoken=SPOKEN):
    return [{"role": role, "content": text} for role, text in spoken]


def sharegpt(spoken=SPOKEN):
    names = {"user": "human", "assistant": "gpt"}
    return [{"from": names.get(role, role), "value": text} for role, text in spoken]


def instances(value, **others):
    return list(read_row({"chat": value} | others, ColumnMapping(conversation="chat")).outcomes)


def read(tmp_path, rows, **options):
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_dataset(path, "chats", **options)


@pytest.mark.parametrize("shape", [messages, sharegpt])
def test_each_assistant_turn_is_an_instance_with_the_preceding_messages(shape):
    first, second = instances(shape(), source="web")
    assert first == Fields(
        instruction="Name a river.",
        input="System: Be terse.",
        response="The Nile.",
        extra={"source": "web", "turn": 1, "turns": 2},
    )
    assert second.instruction == "And a lake?"
    assert second.input == ("System: Be terse.\n\nUser: Name a river.\n\nAssistant: The Nile.")
    assert second.response == "Garda."
    assert second.extra == {"source": "web", "turn": 2, "turns": 2}


def test_lima_texts_alternate_and_a_single_turn_has_no_number():
    (only,) = instances(["Q", "A"], source="wikihow")
    assert only == Fields(instruction="Q", input="", response="A", extra={"source": "wikihow"})
    _, second = instances(["Q", "A", "Q2", "A2"])
    assert (second.input, second.instruction) == ("User: Q\n\nAssistant: A", "Q2")


def test_ids_count_turns_while_the_line_is_that_of_the_row(tmp_path):
    rows = [{"messages": messages()}, {"messages": messages(SPOKEN[1:3])}]
    table = read(tmp_path, rows).table
    assert table["instance_id"].to_pylist() == ["chats-1", "chats-2", "chats-3"]
    assert table["source_line"].to_pylist() == [1, 1, 2]


def test_a_turn_that_cannot_be_used_keeps_its_number_and_is_reported(tmp_path):
    spoken = [("assistant", "Hello!"), ("user", "Q"), ("assistant", " "), ("assistant", "A")]
    found = read(tmp_path, [{"messages": messages(spoken)}])
    assert found.table["instance_id"].to_pylist() == ["chats-3"]
    assert [(bad.line, bad.reason) for bad in found.bad_rows] == [
        (1, "assistant turn 1 comes before any user turn"),
        (1, "assistant turn 2 is empty"),
    ]
    # Both earlier answers precede the third one, so they are part of its input.
    assert found.table["input"].to_pylist() == ["Assistant: Hello!\n\nAssistant:  "]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "'chat' contains no assistant turn"),
        ([{"role": "user", "content": "Q"}], "contains no assistant turn"),
        ("Hello", "'chat' has type str, expected a list of messages"),
        ([3], "message 1 of 'chat' has type int, expected an object or text"),
        (messages([("user", "Q"), ("referee", "A")]), "message 2 of 'chat' has the unknown"),
        (
            messages([("user", 3), ("assistant", "A")]),
            "message 1 of 'chat' has content of type int",
        ),
        (messages([("user", ""), ("assistant", "A")]), "the user message before assistant turn 1"),
    ],
)
def test_an_invalid_conversation_names_the_invalid_message(value, reason):
    (fault,) = instances(value)
    assert reason in fault


def test_a_row_without_its_conversation_is_reported_not_dropped(tmp_path):
    found = read(tmp_path, [{"messages": messages()}, {"id": 2}, {"messages": messages()}])
    assert [(bad.line, bad.reason) for bad in found.bad_rows] == [
        (2, "the key 'messages' is missing")
    ]
    assert found.table["instance_id"].to_pylist() == [f"chats-{n}" for n in (1, 2, 4, 5)]


def test_text_parts_are_joined_and_tool_messages_are_input():
    value = [
        {"role": "user", "content": [{"type": "text", "text": "What "}, {"text": "time?"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "clock"}]},
        {"role": "tool", "content": "12:00"},
        {"role": "assistant", "content": "Noon."},
    ]
    fault, last = instances(value)
    assert fault == "assistant turn 1 only calls a tool"
    assert (last.instruction, last.input) == (
        "What time?",
        'Tool call: {"id": "clock"}\n\nTool: 12:00',
    )


def test_images_are_not_read_as_text():
    value = [
        {"role": "user", "content": [{"type": "image"}]},
        {"role": "assistant", "content": "A"},
    ]
    assert instances(value) == ["message 1 of 'chat' has content of type list, expected text"]


def test_a_conversation_may_be_json_text_or_a_dict_of_columns():
    columns = {"role": ["user", "assistant"], "content": ["Q", "A"]}
    for value in (json.dumps(messages(SPOKEN[1:3])), columns):
        (only,) = instances(value)
        assert only.instruction in {"Name a river.", "Q"}
        assert conversation_format(value) is DatasetFormat.MESSAGES
    assert conversation_format("[broken") is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text(max_size=5)),
        min_size=1,
        max_size=8,
    )
)
def test_every_assistant_turn_gives_an_instance_or_a_reason(spoken):
    found = instances(messages(spoken))
    answers = [text for role, text in spoken if role == "assistant"]
    assert len(found) == max(1, len(answers))
    for outcome, answer in zip(found, answers, strict=False):
        if isinstance(outcome, Fields):
            assert outcome.response == answer
            assert outcome.instruction.strip()
            assert ("user", outcome.instruction) in spoken
