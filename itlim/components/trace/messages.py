"""What the browser sends about a trace, checked before anything believes it.

A message about another span, or a candidate that is not shown any more, is out of date
and counts as nothing; one of the wrong shape is an error.
"""

from collections.abc import Collection
from dataclasses import dataclass

from itlim.components.shared.messages import Message, WholeNumber, parse_about
from itlim.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceViewState:
    """What the reader did in a two-sided view."""

    candidate: str | None = None
    """Instance id of the candidate chosen; None as long as none was."""
    others: str | None = None
    """Instance whose other borrowers were asked for; set for one script run only."""


class _Candidate(Message):
    id: str


class _Characters(Message):
    start: WholeNumber
    stop: WholeNumber


def parse_candidate(raw: object, *, doc: str, known: Collection[str]) -> str | None:
    """Read `{"doc", "id", …}`.

    Raises:
        InputError: not of this shape.
    """
    sent = parse_about(raw, _Candidate, doc=doc)
    return sent.id if sent is not None and sent.id in known else None


def parse_characters(raw: object, *, doc: str, length: int) -> tuple[int, int] | None:
    """Read `{"doc", "start", "stop", …}`: code points of a response that is `length` long.

    Raises:
        InputError: not of this shape, or start and stop are not 0 <= start < stop.
    """
    sent = parse_about(raw, _Characters, doc=doc)
    if sent is None:
        return None
    if sent.start >= sent.stop:
        raise InputError(
            f"The browser sent the range {sent.start} to {sent.stop}: expected whole numbers, the "
            "first one smaller."
        )
    return (sent.start, sent.stop) if sent.stop <= length else None
