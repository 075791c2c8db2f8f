"""What the browser sends back, checked before anything believes it.

A message that belongs to another response, or to more tokens than there are now,
is out of date and counts as nothing; one of the wrong shape is an error.
"""

from dataclasses import dataclass
from typing import Any

from itlim.components.tokens.metrics import metric_for
from itlim.errors import InputError

TokenRange = tuple[int, int]
"""Half-open range of token positions [start, stop)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenViewState:
    """What the reader did in one token view."""

    selection: TokenRange | None = None
    """Selected tokens; stays until changed or cleared."""
    cursor: int | None = None
    """Position last clicked, or rested on with the keys."""
    metric: str | None = None
    """Column that colours the tokens; None for the shift category, or as long as the reader has
    not chosen."""
    trace: TokenRange | None = None
    """Tokens whose source was asked for with Enter; set for one script run only."""


def parse_range(raw: object, *, doc: str, n_tokens: int) -> TokenRange | None:
    """Read `{"doc", "start", "stop", …}`; an empty range says that nothing is selected.

    Raises:
        InputError: not of this shape, or start and stop are not 0 <= start <= stop.
    """
    message = _of_document(raw, doc)
    if message is None:
        return None
    start, stop = _position(message, "start"), _position(message, "stop")
    if stop < start:
        raise InputError(f"The browser sent the token range [{start}, {stop}): it ends too early.")
    return (start, stop) if start < stop <= n_tokens else None


def parse_position(raw: object, *, doc: str, n_tokens: int) -> int | None:
    """Read `{"doc", "position", …}`.

    Raises:
        InputError: not of this shape, or a negative position.
    """
    message = _of_document(raw, doc)
    if message is None:
        return None
    position = _position(message, "position")
    return position if position < n_tokens else None


def speaks_of(raw: object, doc: str) -> bool:
    """Whether a message is there and belongs to this response.

    Raises:
        InputError: not an object with a doc.
    """
    return _of_document(raw, doc) is not None


def parse_metric(raw: object) -> str | None:
    """Read `{"doc", "column", …}`; None for the shift category. It outlives the response.

    Raises:
        InputError: not of this shape, or no metric of that name.
    """
    if not isinstance(raw, dict):
        raise InputError(f"The browser sent {raw!r:.80}: expected an object with a column.")
    column = raw.get("column")
    return None if column == "category" else metric_for(str(column)).column


def _of_document(raw: object, doc: str) -> dict[str, Any] | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("doc"), str):
        raise InputError(f"The browser sent {raw!r:.80}: expected an object with a doc.")
    return raw if raw["doc"] == doc else None


def _position(message: dict[str, Any], name: str) -> int:
    value = message.get(name)
    if type(value) is not int or value < 0:  # bool is an int in Python, but no position
        raise InputError(f"The browser sent {name} = {value!r:.80}: expected a whole number >= 0.")
    return value
