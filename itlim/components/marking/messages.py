"""What the annotator's browser sends, checked before anything believes it.

A message about another sheet is out of date and counts as nothing; one of the wrong
shape, or a mark that does not quote what stands there, is an error.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from itlim.components.marking.payload import check_quote
from itlim.components.shared.messages import Message, WholeNumber, parse, parse_about
from itlim.errors import InputError
from itlim.records import EventKind, MarkOrigin

LONGEST_ID = 64
LONGEST_NOTE = 4000
LONGEST_URL = 2000

Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Note = Annotated[str, Field(max_length=LONGEST_NOTE)]


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


class _Message(Message):
    tab: Annotated[str, Field(max_length=LONGEST_ID)]
    events: list[object]
    take_newer: bool = False


class _Event(Message):
    event_id: Id
    kind: str
    payload: object
    base: WholeNumber
    client_time: Annotated[str, Field(max_length=40)]
    active_ms: WholeNumber


class _PutMark(Message):
    id: Id
    start: WholeNumber
    stop: WholeNumber
    quote: str
    label: Annotated[str, Field(min_length=1)]
    note: Note
    evidence_url: Annotated[str, Field(max_length=LONGEST_URL)]
    origin: Annotated[MarkOrigin, Field(strict=False)]


class _DeleteMark(Message):
    id: Id


class _Nothing(Message):
    pass


class _Reason(Message):
    reason: Note


class _Submit(Message):
    nothing_wrong: bool


class _Suggestion(Message):
    suggestion_id: Id
    accepted: bool
    shown_ms: WholeNumber


_PAYLOADS: dict[str, type[Message]] = {
    EventKind.PUT_MARK: _PutMark,
    EventKind.DELETE_MARK: _DeleteMark,
    EventKind.UNDO: _Nothing,
    EventKind.REDO: _Nothing,
    EventKind.FLAG: _Reason,
    EventKind.SKIP: _Reason,
    EventKind.SUBMIT: _Submit,
    EventKind.SUGGESTION: _Suggestion,
}
"""What a browser may do to a sheet; fields that a payload does not name are not kept."""


def parse_edits(raw: object, *, doc: str, text: str) -> Edits | None:
    """Read `{"doc", "tab", "events", "take_newer"?, "ts"}`.

    Args:
        raw: what the component has; None as long as nothing was sent.
        doc: the sheet that is shown.
        text: its response, which every mark must quote.

    Returns:
        The edits, or None if nothing was sent about this sheet.

    Raises:
        InputError: not of this shape, or a mark that does not fit the text.
    """
    sent = parse_about(raw, _Message, doc=doc)
    if sent is None:
        return None
    events = tuple(_event(one, text) for one in sent.events)
    return Edits(tab=sent.tab, events=events, take_newer=sent.take_newer)


def _event(raw: object, text: str) -> SentEvent:
    sent = parse(raw, _Event)
    shape = _PAYLOADS.get(sent.kind)
    if shape is None:
        raise InputError(
            f"The browser sent kind = {sent.kind!r:.80}: expected one of {', '.join(_PAYLOADS)}."
        )
    payload = parse(sent.payload, shape)
    if isinstance(payload, _PutMark):
        check_quote(text, payload.start, payload.stop, payload.quote)
    return SentEvent(
        event_id=sent.event_id,
        kind=EventKind(sent.kind),
        payload=payload.model_dump(mode="json"),
        base=sent.base,
        client_time=sent.client_time,
        active_ms=sent.active_ms,
    )
