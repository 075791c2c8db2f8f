"""Read the content of a message: text, parts of several kinds, tool calls and their results."""

from typing import Any, NamedTuple

from itlim.datasets.columns import normal
from itlim.datasets.values import as_json_text, as_text, is_filled, is_null, parsed, without_nulls

_CALL_PARTS = {"tooluse", "toolcall", "functioncall"}
_RESULT_PARTS = {"toolresult", "functionresponse"}
_THOUGHT_PARTS = {"thinking", "redactedthinking", "reasoning"}
ARGUMENTS = ("arguments", "parameters", "input", "args")


class Content(NamedTuple):
    """The content of a message."""

    text: str
    calls: list[str]
    results: list[str]

    @classmethod
    def of(cls, content: Any, unused: set[str]) -> "Content | None":
        """Join the parts of a content; None if one of them is neither text nor about a tool."""
        if is_null(content):
            return cls("", [], [])
        if isinstance(content, str | bytes):
            text = as_text(content)
            return None if text is None else cls(text, [], [])
        if isinstance(content, dict):
            key = next((key for key in ("text", "parts", "content") if key in content), None)
            return cls.of(content[key], unused) if key else None
        return cls._of_list(content, unused) if isinstance(content, list) else None

    @classmethod
    def _of_list(cls, content: list[Any], unused: set[str]) -> "Content | None":
        found = cls("", [], [])
        texts = []
        for item in content:
            part = without_nulls(item)
            kind = _part_kind(part)
            if kind in _CALL_PARTS:
                found.calls.append(tool_call(part))
            elif kind in _RESULT_PARTS:
                found.results.append(tool_result(part.get("content", part)))
            elif kind in _THOUGHT_PARTS:
                unused.add(f"content[{kind}]")
            elif (text := _part_text(part, kind)) is not None:
                texts.append(text)
            else:
                return None
        return found._replace(text="".join(texts))


def _part_kind(part: Any) -> str:
    """The type of a part, or the only key of an object such as `{"functionCall": {...}}`."""
    if not isinstance(part, dict):
        return ""
    if isinstance(part.get("type"), str):
        return normal(part["type"])
    return normal(next(iter(part))) if len(part) == 1 else ""


def _part_text(part: Any, kind: str) -> str | None:
    """The text of a part; None for images and other media."""
    if isinstance(part, dict):
        part = part.get("text", part.get("content") if kind in ("", "text", "content") else None)
    return part if isinstance(part, str) else None


def text_of(content: Any) -> str | None:
    """The text of a content without tool calls; None if it has none."""
    found = Content.of(content, set())
    return found.text if found and is_filled(found.text) else None


def tool_result(content: Any) -> str:
    """What a tool answered: a text, the text of its parts, or any other value as JSON."""
    text = text_of(content) if not isinstance(content, dict) else None
    return as_json_text(content) if text is None else text


def tool_calls(value: Any) -> list[str]:
    """The tool calls of a message, each as text."""
    value = without_nulls(parsed(value))
    calls = value if isinstance(value, list) else [value]
    return [tool_call(call) for call in calls if is_filled(call)]


def tool_call(call: Any) -> str:
    """A tool call as the tool's name and its arguments in JSON."""
    if not isinstance(call, dict):
        return as_json_text(call)
    inner = next((one for one in call.values() if isinstance(one, dict) and "name" in one), call)
    name = inner.get("name")
    arguments = next((inner[key] for key in ARGUMENTS if key in inner), None)
    if not isinstance(name, str):
        return as_json_text(call)
    return name if arguments is None else f"{name} {as_json_text(arguments)}"
