"""What the browser sends back about a trace, checked before anything believes it.

A message about another span, or a candidate that is not shown any more, is out of date
and counts as nothing; one of the wrong shape is an error.
"""

from collections.abc import Collection
from dataclasses import dataclass

from itlim.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceViewState:
    """What the reader did in a two-sided view."""

    candidate: str | None = None
    """Instance id of the candidate chosen; None as long as none was."""
    others: str | None = None
    """Instance whose other borrowers were asked for; set for one script run only."""


def parse_candidate(raw: object, *, doc: str, known: Collection[str]) -> str | None:
    """Read `{"doc", "id", …}`.

    Raises:
        InputError: not of this shape.
    """
    if raw is None:
        return None
    if not isinstance(raw, dict) or not all(isinstance(raw.get(key), str) for key in ("doc", "id")):
        raise InputError(f"The browser sent {raw!r:.80}: expected an object with a doc and an id.")
    return raw["id"] if raw["doc"] == doc and raw["id"] in known else None


def parse_characters(raw: object, *, doc: str, length: int) -> tuple[int, int] | None:
    """Read `{"doc", "start", "stop", …}`: code points of a response that is `length` long.

    Raises:
        InputError: not of this shape, or start and stop are not 0 <= start < stop.
    """
    if raw is None:
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("doc"), str):
        raise InputError(f"The browser sent {raw!r:.80}: expected an object with a doc.")
    start, stop = raw.get("start"), raw.get("stop")
    # bool is an int in Python, but no offset
    if type(start) is not int or type(stop) is not int or not 0 <= start < stop:
        raise InputError(
            f"The browser sent the range {start!r:.40} to {stop!r:.40}: expected whole numbers, "
            "the first one smaller."
        )
    return (start, stop) if raw["doc"] == doc and stop <= length else None
