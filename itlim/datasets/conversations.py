"""Convert conversations to instances: one per assistant turn, with the preceding messages.

The last user message before the turn is the instruction. All other preceding messages, including
the system message, form the `input`, one paragraph per message:

    System: You are terse.

    User: Name a river.

    Assistant: The Nile.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from itlim.datasets.instances import Fields
from itlim.records import DatasetFormat

_USER, _ASSISTANT, _SYSTEM, _TOOL = "User", "Assistant", "System", "Tool"
_SPEAKERS = {
    **dict.fromkeys(("user", "human", "prompter"), _USER),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot", "bing", "bard"), _ASSISTANT),
    **dict.fromkeys(("system", "developer"), _SYSTEM),
    **dict.fromkeys(
        ("tool", "function", "function_call", "function_response", "observation"), _TOOL
    ),
}


class Message(NamedTuple):
    """One message of a conversation."""

    speaker: str
    text: str


def conversation_format(value: Any) -> DatasetFormat | None:
    """Format of a conversation, judged by its first message; None if it is not a conversation."""
    messages = _as_list(value)
    if not messages:
        return None
    first = messages[0]
    if isinstance(first, str):
        return DatasetFormat.LIMA
    if isinstance(first, dict):
        if {"from", "value"} <= first.keys():
            return DatasetFormat.SHAREGPT
        if {"role", "content"} <= first.keys():
            return DatasetFormat.MESSAGES
    return None


def conversation_instances(value: Mapping[str, Any], column: str) -> Iterator[Fields | str]:
    """Yield one instance per assistant turn, or the reason why it cannot be used.

    If there are several turns, `extra` contains the number of the `turn` and of all `turns`.
    """
    if column not in value:
        yield f"the key {column!r} is missing"
        return
    messages = _messages(value[column], column)
    if isinstance(messages, str):
        yield messages
        return
    extra = {key: content for key, content in value.items() if key != column}
    answers = [index for index, one in enumerate(messages) if one.speaker == _ASSISTANT]
    if not answers:
        yield f"{column!r} contains no assistant turn"
    for turn, index in enumerate(answers, start=1):
        place = {"turn": turn, "turns": len(answers)} if len(answers) > 1 else {}
        yield _turn(messages, index, extra | place, turn)


def _turn(messages: list[Message], index: int, extra: dict[str, Any], turn: int) -> Fields | str:
    asked = next((i for i in range(index - 1, -1, -1) if messages[i].speaker == _USER), None)
    if asked is None:
        return f"assistant turn {turn} comes before any user turn"
    if not messages[index].text.strip():
        return f"assistant turn {turn} is empty"
    if not messages[asked].text.strip():
        return f"the user message before assistant turn {turn} is empty"
    history = (messages[i] for i in range(index) if i != asked)
    return Fields(
        instruction=messages[asked].text,
        input="\n\n".join(f"{one.speaker}: {one.text}" for one in history),
        response=messages[index].text,
        extra=extra,
    )


def _messages(value: Any, column: str) -> list[Message] | str:
    """The messages in order, or the reason why they cannot be read."""
    items = _as_list(value)
    if items is None:
        return f"{column!r} has type {type(value).__name__}, expected a list of messages"
    messages = []
    for number, item in enumerate(items, start=1):
        message = _message(item, number)
        if isinstance(message, str):
            return f"message {number} of {column!r} {message}"
        messages.append(message)
    return messages


def _message(item: Any, number: int) -> Message | str:
    if isinstance(item, str):
        return Message(_USER if number % 2 else _ASSISTANT, item)
    if not isinstance(item, dict):
        return f"has type {type(item).__name__}, expected an object or text"
    role, content = item.get("from", item.get("role")), item.get("value", item.get("content"))
    speaker = _SPEAKERS.get(role.lower()) if isinstance(role, str) else None
    if speaker is None:
        return f"has the unknown speaker {role!r}"
    text = _text(content)
    return (
        f"has content of type {type(content).__name__}, expected text"
        if text is None
        else (Message(speaker, text))
    )


def _text(content: Any) -> str | None:
    """Text of a message; lists of text parts (OpenAI) are joined, and tool calls are empty."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part["text"] for part in content if isinstance(part, dict) and "text" in part]
        if len(parts) == len(content) and all(isinstance(part, str) for part in parts):
            return "".join(parts)
    return None


def _as_list(value: Any) -> list[Any] | None:
    """A conversation as a list; JSON text (in CSV) and dicts of columns are converted."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        lengths = {len(column) for column in value.values()}
        if len(lengths) == 1:
            return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    return value if isinstance(value, list) else None
