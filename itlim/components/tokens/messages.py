"""What the browser sends about a response's tokens, checked before anything believes it.

A message that belongs to another response, or to more tokens than there are now,
is out of date and counts as nothing; one of the wrong shape is an error.
"""

from dataclasses import dataclass

from itlim.components.shared.messages import Message, WholeNumber, parse, parse_about
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


class _Range(Message):
    start: WholeNumber
    stop: WholeNumber


class _Cursor(Message):
    position: WholeNumber


class _Colouring(Message):
    column: str


def parse_range(raw: object, *, doc: str, n_tokens: int) -> TokenRange | None:
    """Read `{"doc", "start", "stop", …}`; an empty range says that nothing is selected.

    Raises:
        InputError: not of this shape, or start and stop are not 0 <= start <= stop.
    """
    sent = parse_about(raw, _Range, doc=doc)
    if sent is None:
        return None
    if sent.stop < sent.start:
        raise InputError(
            f"The browser sent the token range [{sent.start}, {sent.stop}): expected a stop that "
            "is not before the start."
        )
    return (sent.start, sent.stop) if sent.start < sent.stop <= n_tokens else None


def parse_position(raw: object, *, doc: str, n_tokens: int) -> int | None:
    """Read `{"doc", "position", …}`.

    Raises:
        InputError: not of this shape, or a negative position.
    """
    sent = parse_about(raw, _Cursor, doc=doc)
    return sent.position if sent is not None and sent.position < n_tokens else None


def parse_metric(raw: object) -> str | None:
    """Read `{"doc", "column", …}`; None for the shift category. It outlives the response.

    Raises:
        InputError: not of this shape, or no metric of that name.
    """
    column = parse(raw, _Colouring).column
    return None if column == "category" else metric_for(column).column
