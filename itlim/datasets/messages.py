"""Read the messages of a conversation from the shapes in which datasets contain them.

A message is an object with a role and a content, a text (texts alternate between user and
assistant), or a pair of a question and its answer. Tool calls become texts.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from itlim.datasets.columns import first_of, normal
from itlim.datasets.contents import ARGUMENTS, Content, tool_call, tool_calls, tool_result
from itlim.datasets.speakers import ASSISTANT, SYSTEM, TOOL, TOOL_CALL, USER, speaker_of
from itlim.datasets.values import as_list, is_filled, is_null, parsed
from itlim.records import DatasetField, DatasetFormat

_ROLE_KEYS = ("from", "role", "speaker", "author", "sender", "user", "type")
_TEXT_KEYS = ("value", "content", "text", "message", "parts")
_RESULT_KEYS = ("output", "result", "response")
_CALL_KEYS = ("tool_calls", "function_call")


class Message(NamedTuple):
    """One message of a conversation."""

    speaker: str
    text: str
    calls: tuple[str, ...] = ()
    """The message's tool calls, each as text."""
    fault: str = ""
    """Why the message cannot be read; empty if it can."""


class Messages(NamedTuple):
    """The messages of a conversation, in order."""

    messages: list[Message]
    unused_keys: frozenset[str]
    """Keys of messages that have a value but do not become text, as `column[].key`."""


def conversation_format(value: Any) -> DatasetFormat | None:
    """Format of a conversation, judged by its first message; None if it is not a conversation."""
    items = _items(value)
    first = items[0] if items else None
    if isinstance(first, str) or _is_pair_of_texts(first):
        return DatasetFormat.LIMA
    if not isinstance(first, dict):
        return None
    filled = {key for key, item in first.items() if not is_null(item)}
    for keys in (filled, first.keys()):
        if {"from", "value"} <= keys:
            return DatasetFormat.SHAREGPT
        if {"role", "content"} <= keys:
            return DatasetFormat.MESSAGES
    known = _role(first)[1] is not None or _pair(first) is not None
    return DatasetFormat.MESSAGES if known else None


def read_messages(value: Any, column: str) -> Messages | str:
    """The messages of a conversation, or why it is not one."""
    items = _items(value)
    if items is None:
        return f"{column!r} has type {type(value).__name__}, expected a list of messages"
    messages: list[Message] = []
    unused: set[str] = set()
    texts = 0
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            found = list(_of_object(item, unused))
        elif _is_pair_of_texts(item):
            found = [Message(USER, item[0] or ""), Message(ASSISTANT, item[1] or "")]
        elif isinstance(item, str) or item is None:
            found = [Message(ASSISTANT if texts % 2 else USER, item or "")]
            texts += 1
        else:
            kind = type(item).__name__
            found = [Message(USER, "", fault=f"has type {kind}, expected an object or text")]
        messages += (
            one._replace(fault=f"message {number} of {column!r} {one.fault}") if one.fault else one
            for one in found
        )
    return Messages(messages, frozenset(f"{column}[].{key}" for key in unused))


def _items(value: Any) -> list[Any] | None:
    """The messages of a conversation, also if each of them is an object in JSON."""
    items = as_list(value)
    if items and all(isinstance(item, str) and item.lstrip()[:1] == "{" for item in items):
        objects = [parsed(item) for item in items]
        if all(isinstance(one, dict) and _role(one)[1] is not None for one in objects):
            return objects
    return items


def has_roles(value: Any) -> bool:
    """Whether a value is a list of messages whose objects say who speaks."""
    items = _items(value)
    return bool(items and isinstance(items[0], dict) and _role(items[0])[1])


def has_user(value: Any) -> bool:
    """Whether a message of a conversation says that it is the user's."""
    items = _items(value) or []
    return any(isinstance(item, dict) and _role(item)[1] == USER for item in items)


def _of_object(item: dict[str, Any], unused: set[str]) -> Iterator[Message]:
    """The messages in an object: one, or a question and its answer."""
    role_key, speaker = _role(item)
    if speaker is None:
        pair = _pair(item)
        if pair is not None:
            yield from _of_pair(item, pair, unused)
            return
        role = item.get(role_key) if role_key else None
        yield Message(USER, "", fault=f"has the unknown speaker {role!r}")
        return
    text_key = _text_key(item)
    content = item.get(text_key) if text_key else None
    calls = [call for key in _CALL_KEYS for call in tool_calls(item.get(key))]
    read = {*_ROLE_KEYS[:5], role_key, text_key, *_CALL_KEYS}
    for key, value in item.items():
        is_repeated = key in _TEXT_KEYS and value == content
        if key not in read and not is_repeated and is_filled(value):
            unused.add(key)
    if speaker in (TOOL, TOOL_CALL) and not isinstance(content, str):
        yield Message(speaker, _of_tool(item, content, speaker, unused))
        return
    parts = Content.of(content, unused)
    if parts is None:
        kind = type(content).__name__
        yield Message(speaker, "", fault=f"has content of type {kind}, expected text")
        return
    yield from (Message(TOOL, result) for result in parts.results)
    calls += parts.calls
    if parts.text or calls or not parts.results:
        yield Message(speaker, parts.text, tuple(calls))


def _of_tool(item: dict[str, Any], content: Any, speaker: str, unused: set[str]) -> str:
    """A tool call or its result as text; the message itself may be the call."""
    if not is_null(content):
        return tool_result(content) if speaker == TOOL else " ".join(tool_calls(content))
    if speaker == TOOL_CALL:
        unused -= {"name", *ARGUMENTS}
        return tool_call({key: item[key] for key in ("name", *ARGUMENTS) if key in item})
    key = next((key for key in _RESULT_KEYS if not is_null(item.get(key))), None)
    unused.discard(str(key))
    return tool_result(item[key]) if key else ""


def _role(item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The key with the speaker, and the speaker, who is None if no key names a known one."""
    for key in _ROLE_KEYS:
        value = item.get(key)
        if isinstance(value, dict):
            value = value.get("role")
        if speaker := speaker_of(value):
            return key, speaker
    for key, value in item.items():
        if normal(key) in _ROLE_KEYS and (speaker := speaker_of(value)):
            return key, speaker
    return next((key for key in _ROLE_KEYS if not is_null(item.get(key))), None), None


def _text_key(item: Mapping[str, Any]) -> str | None:
    """The key with the text: the first that is filled, or else the first that is there."""
    keys = [key for key in _TEXT_KEYS if key in item]
    if not keys:
        keys = [key for key in item if normal(key) in _TEXT_KEYS]
    filled = next((key for key in keys if is_filled(item[key])), None)
    return filled or next((key for key in keys if not is_null(item[key])), None)


def _is_pair_of_texts(item: Any) -> bool:
    is_pair = isinstance(item, list | tuple) and len(item) == 2
    return is_pair and all(isinstance(text, str) or text is None for text in item)


def _pair(item: Mapping[str, Any]) -> tuple[str, str] | None:
    """The keys of a question and its answer in one object."""
    filled = [key for key, value in item.items() if isinstance(value, str)]
    asked = first_of(filled, DatasetField.INSTRUCTION, without=())
    answered = first_of(filled, DatasetField.RESPONSE, without=())
    return (asked, answered) if asked and answered else None


def _of_pair(item: dict[str, Any], pair: tuple[str, str], unused: set[str]) -> Iterator[Message]:
    system = first_of(item, DatasetField.SYSTEM, without=pair)
    if system and isinstance(item[system], str) and is_filled(item[system]):
        yield Message(SYSTEM, item[system])
    else:
        system = None
    yield Message(USER, item[pair[0]])
    yield Message(ASSISTANT, item[pair[1]])
    unused.update(
        key for key, value in item.items() if key not in (*pair, system) and is_filled(value)
    )
