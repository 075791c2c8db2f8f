"""Validate the messages that the browser sends about a trace.

A message about another span, or about a candidate that is no longer shown, is out of date and
ignored; a message of the wrong shape is an error.
"""

from collections.abc import Collection
from dataclasses import dataclass

from itlim.components.shared.messages import Message, WholeNumber, parse_about
from itlim.errors import InputError

FOLDS = ("figures", "others")
"""Parts of a folded trace: figures of the verdict, and the other possible sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceViewState:
    """User input in a two-sided view."""

    candidate: str | None = None
    """Instance id of the selected candidate; None until one is selected."""
    others: str | None = None
    """Instance whose other responses were requested; set for one script run only."""
    unfolded: tuple[str, ...] | None = None
    """Parts that the reader unfolded, of `FOLDS`; None until one was folded or unfolded."""


class _Candidate(Message):
    id: str


class _Unfolded(Message):
    parts: list[str]


class _Characters(Message):
    start: WholeNumber
    stop: WholeNumber


def parse_unfolded(raw: object, *, doc: str) -> tuple[str, ...] | None:
    """Read `{"doc", "parts", …}`; names that are not of `FOLDS` are ignored.

    Raises:
        InputError: the message does not have this shape.
    """
    sent = parse_about(raw, _Unfolded, doc=doc)
    return None if sent is None else tuple(name for name in FOLDS if name in sent.parts)


def parse_candidate(raw: object, *, doc: str, known: Collection[str]) -> str | None:
    """Read `{"doc", "id", …}`.

    Raises:
        InputError: the message does not have this shape.
    """
    sent = parse_about(raw, _Candidate, doc=doc)
    return sent.id if sent is not None and sent.id in known else None


def parse_characters(raw: object, *, doc: str, length: int) -> tuple[int, int] | None:
    """Read `{"doc", "start", "stop", …}`: code points of a response of the given length.

    Raises:
        InputError: the message does not have this shape, or not 0 <= start < stop.
    """
    sent = parse_about(raw, _Characters, doc=doc)
    if sent is None:
        return None
    if sent.start >= sent.stop:
        raise InputError(
            f"The browser sent the range {sent.start} to {sent.stop}: expected whole numbers with "
            "start < stop."
        )
    return (sent.start, sent.stop) if sent.stop <= length else None
