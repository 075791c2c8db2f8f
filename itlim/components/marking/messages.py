"""What the annotator's browser sends, checked before anything believes it.

A message about another sheet is out of date and counts as nothing; one of the wrong
shape, or a mark that does not quote what stands there, is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itlim.components.marking.payload import check_quote
from itlim.errors import InputError
from itlim.records import EventKind, MarkOrigin

LONGEST_ID = 64
LONGEST_NOTE = 4000
LONGEST_URL = 2000
_LONGEST_TIME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """One thing the annotator did."""

    event_id: str
    """Made by the browser: the same event may come more than once."""
    kind: EventKind
    payload: dict[str, Any]
    base: int
    """Version of the sheet it was made on, own unsaved events counted."""
    client_time: str
    """ISO time at the browser."""
    active_ms: int
    """Time at work since the event before, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """All that a tab has done and not yet seen stored, oldest first."""

    tab: str
    events: tuple[SentEvent, ...] = ()
    take_newer: bool = False
    """After a conflict: the tab gave up its own edits for what is stored."""


def parse_edits(raw: object, *, doc: str, text: str) -> Edits | None:
    """Read `{"doc", "tab", "events", "take_newer"?, "ts"}`.

    Args:
        raw: what the component holds; None as long as nothing was sent.
        doc: the sheet that is shown.
        text: its response, which every mark must quote.

    Returns:
        The edits, or None if nothing was sent about this sheet.

    Raises:
        InputError: not of this shape, or a mark that does not fit the text.
    """
    if raw is None:
        return None
    message = _object(raw, "edits")
    if _string(message, "doc", longest=None) != doc:
        return None
    events = message.get("events")
    if not isinstance(events, list):
        raise _unexpected("events", events, "a list")
    return Edits(
        tab=_string(message, "tab", longest=LONGEST_ID),
        events=tuple(_event(one, text) for one in events),
        take_newer=_truth(message, "take_newer", default=False),
    )


def _event(raw: object, text: str) -> SentEvent:
    message = _object(raw, "an event")
    kind = _string(message, "kind", longest=None)
    read = _READERS.get(kind)
    if read is None:
        raise _unexpected("kind", kind, f"one of {', '.join(_READERS)}")
    return SentEvent(
        event_id=_name(message, "event_id"),
        kind=EventKind(kind),
        payload=read(_object(message.get("payload"), "a payload"), text),
        base=_whole(message, "base"),
        client_time=_string(message, "client_time", longest=_LONGEST_TIME),
        active_ms=_whole(message, "active_ms"),
    )


# ---- payloads: what is not named here is not kept


def _put_mark(sent: dict[str, Any], text: str) -> dict[str, Any]:
    start, stop = _whole(sent, "start"), _whole(sent, "stop")
    quote = _string(sent, "quote", longest=None)
    check_quote(text, start, stop, quote)
    origin = _string(sent, "origin", longest=None)
    if origin not in set(MarkOrigin):
        raise _unexpected("origin", origin, f"one of {', '.join(MarkOrigin)}")
    return {
        "id": _name(sent, "id"),
        "start": start,
        "stop": stop,
        "quote": quote,
        "label": _name(sent, "label", longest=None),
        "note": _string(sent, "note", longest=LONGEST_NOTE),
        "evidence_url": _string(sent, "evidence_url", longest=LONGEST_URL),
        "origin": origin,
    }


def _delete_mark(sent: dict[str, Any], _: str) -> dict[str, Any]:
    return {"id": _name(sent, "id")}


def _nothing(_: dict[str, Any], __: str) -> dict[str, Any]:
    return {}


def _reason(sent: dict[str, Any], _: str) -> dict[str, Any]:
    return {"reason": _string(sent, "reason", longest=LONGEST_NOTE)}


def _submit(sent: dict[str, Any], _: str) -> dict[str, Any]:
    return {"nothing_wrong": _truth(sent, "nothing_wrong")}


def _suggestion(sent: dict[str, Any], _: str) -> dict[str, Any]:
    return {
        "suggestion_id": _name(sent, "suggestion_id"),
        "accepted": _truth(sent, "accepted"),
        "shown_ms": _whole(sent, "shown_ms"),
    }


_READERS: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    EventKind.PUT_MARK: _put_mark,
    EventKind.DELETE_MARK: _delete_mark,
    EventKind.UNDO: _nothing,
    EventKind.REDO: _nothing,
    EventKind.FLAG: _reason,
    EventKind.SKIP: _reason,
    EventKind.SUBMIT: _submit,
    EventKind.SUGGESTION: _suggestion,
}


# ---- values


def _unexpected(name: str, value: object, expected: str) -> InputError:
    return InputError(f"The browser sent {name} = {value!r:.80}: expected {expected}.")


def _object(raw: object, name: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _unexpected(name, raw, "an object")
    return raw


def _string(message: dict[str, Any], name: str, *, longest: int | None) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise _unexpected(name, value, "a text")
    if longest is not None and len(value) > longest:
        raise _unexpected(name, value, f"at most {longest} characters, not {len(value)}")
    return value


def _name(message: dict[str, Any], name: str, *, longest: int | None = LONGEST_ID) -> str:
    value = _string(message, name, longest=longest)
    if not value:
        raise _unexpected(name, value, "a text that is not empty")
    return value


def _whole(message: dict[str, Any], name: str) -> int:
    value = message.get(name)
    if type(value) is not int or value < 0:  # bool is an int in Python, but no number here
        raise _unexpected(name, value, "a whole number >= 0")
    return value


def _truth(message: dict[str, Any], name: str, *, default: bool | None = None) -> bool:
    value = message.get(name, default)
    if not isinstance(value, bool):
        raise _unexpected(name, value, "true or false")
    return value
