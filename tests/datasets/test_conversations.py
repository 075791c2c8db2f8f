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


CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "weather", "arguments": {"city": "Oslo"}},
}
ANSWER = {"role": "assistant", "content": "Minus three."}
CALLED = 'Tool call: weather {"city": "Oslo"}\n\nTool: -3'


@pytest.mark.parametrize(
    ("turns", "input"),
    [
        (
            [
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "-3"},
            ],
            CALLED,
        ),
        (
            [
                {"role": "assistant", "content": "", "function_call": CALL["function"]},
                {"role": "function", "name": "weather", "content": "-3"},
            ],
            CALLED,
        ),
        (
            [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "name": "weather", "input": {"city": "Oslo"}}],
                },
                {"role": "user", "content": [{"type": "tool_result", "content": "-3"}]},
            ],
            CALLED,
        ),
        (
            [
                {"role": "function_call", "content": 'weather {"city": "Oslo"}'},
                {"role": "observation", "content": "-3"},
            ],
            CALLED,
        ),
        (
            [
                {
                    "role": "function_call",
                    "content": {"name": "weather", "arguments": {"city": "Oslo"}},
                },
                {"role": "observation", "content": {"t": -3}},
            ],
            'Tool call: weather {"city": "Oslo"}\n\nTool: {"t": -3}',
        ),
        (
            [
                {"type": "function_call", "name": "weather", "arguments": '{"city": "Oslo"}'},
                {"type": "function_call_output", "output": "-3"},
            ],
            CALLED,
        ),
        ([{"role": "ipython", "content": "-3"}], "Tool: -3"),
        ([{"role": "tool", "content": {"t": -3, "unit": None}}], 'Tool: {"t": -3}'),
        ([{"role": "tool", "content": [{"type": "text", "text": "-3"}]}], "Tool: -3"),
        ([{"role": "tool_output_json", "content": "-3"}], "Tool: -3"),
        # Parquet adds every key to every message.
        ([{"role": "tool", "content": "-3", "tool_calls": None, "from": None}], "Tool: -3"),
    ],
)
def test_calls_and_results_of_tools_are_texts_in_the_input_of_the_answer(turns, input):
    *left_out, last = instances([{"role": "user", "content": "Weather?"}, *turns, ANSWER])
    assert (last.instruction, last.input, last.response) == ("Weather?", input, "Minus three.")
    assert set(left_out) <= {"assistant turn 1 only calls a tool"}


def test_calls_beside_a_text_are_noted(tmp_path):
    calling = {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL]}
    rows = [{"messages": [{"role": "user", "content": "Weather?"}, calling, ANSWER]}]
    found = read(tmp_path, rows)
    assert found.table["response"].to_pylist() == ["Let me look.", "Minus three."]
    assert [(note.text, note.count) for note in found.report.notes] == [
        ("a response is the text of its turn without the tool calls beside it", 1)
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"role": "referee", "content": "Wrong!"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
        {"role": "user", "content": 3},
        3,
    ],
)
def test_the_turns_before_a_message_that_cannot_be_read_are_kept(tmp_path, bad):
    spoken = [*messages(SPOKEN[1:3]), bad, *messages(SPOKEN[3:]), *messages(SPOKEN[3:])]
    found = read(tmp_path, [{"messages": spoken}, {"messages": messages(SPOKEN[1:3])}])
    # The turns after it would lack it in their inputs; they keep their numbers.
    assert found.table["instance_id"].to_pylist() == ["chats-1", "chats-4"]
    assert [bad.line for bad in found.bad_rows] == [1, 1]
    assert {bad.reason[:24] for bad in found.bad_rows} == {"message 3 of 'messages' "}
    assert (found.report.n_rows_used, found.report.n_left_out) == (2, 2)


@pytest.mark.parametrize(
    "value",
    [
        [
            {"from": None, "value": None, "role": "user", "content": "Q"},
            {"role": "assistant", "content": "A"},
        ],
        [
            None,
            {"role": "user", "content": "Q"},
            {"role": None, "content": None},
            {"from": "gpt", "value": "A"},
        ],
        [{"role": "USER ", "content": "Q"}, {"from": "GPT-4", "text": "A"}],
        [{"Role": "user", "Content": "Q"}, {"Role": "assistant", "Content": "A"}],
        [{"type": "human", "content": "Q"}, {"type": "ai", "content": "A"}],
        [
            {"author": {"role": "user"}, "content": {"parts": ["Q"]}},
            {"role": "model", "parts": [{"text": "A"}]},
        ],
        [{"role": b"user", "content": b"Q"}, {"role": b"assistant", "content": b"A"}],
        [["Q", "A"]],
        [{"input": "Q", "output": "A"}],
        [{"human": "Q", "assistant": "A"}],
        ['{"role": "user", "content": "Q"}', '{"role": "assistant", "content": "A"}'],
        "[{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'A', 'x': None}]",
        # As to_csv of datasets writes an array of objects.
        "[{'role': 'user', 'content': 'Q'}\n {'role': 'assistant', 'content': 'A'}]",
    ],
)
def test_the_shape_of_messages_does_not_matter(value):
    (only,) = instances(value)
    assert (only.instruction, only.input, only.response) == ("Q", "", "A")
    assert conversation_format(value) is not None


def test_keys_of_messages_that_are_not_read_and_unanswered_messages_are_named(tmp_path):
    spoken = messages(SPOKEN[1:4])
    spoken[1] |= {"weight": 0, "reasoning_content": "Long.", "name": None}
    report = read(tmp_path, [{"messages": spoken, "tools": ["clock"]}]).report
    assert {one.column for one in report.unused} == {
        "tools",
        "messages[].weight",
        "messages[].reasoning_content",
    }
    assert [note.text for note in report.notes] == [
        "a conversation ends with a message that no assistant turn answers"
    ]
