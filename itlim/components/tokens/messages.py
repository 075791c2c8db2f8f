"""Validate the messages that the browser sends about the tokens of a response.

A message about another response, or about more tokens than there are now, is outdated and ignored;
a message of the wrong shape is an error.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from itlim.components.shared.messages import Message, WholeNumber, parse, parse_about
from itlim.components.tokens.metrics import metric_for
from itlim.errors import InputError

TokenRange = tuple[int, int]
"""Half-open range of token positions [start, stop)."""


class NextStep(StrEnum):
    """What a reader can do with selected words."""

    TRACE = "trace"
    TEST = "test"
    MARK = "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenViewState:
    """What the reader did in one token view."""

    selection: TokenRange | None = None
    """Selected tokens; kept until changed or cleared."""
    cursor: int | None = None
    """Position of the last click, or where keyboard movement stopped."""
    metric: str | None = None
    """Column that colors the tokens; None for the shift category, or before the reader chooses."""
    trace: TokenRange | None = None
    """Tokens for which a next step was requested; set for one script run only."""
    step: NextStep = NextStep.TRACE
    """The step requested for `trace`."""


class _Range(Message):
    start: WholeNumber
    stop: WholeNumber


class _Step(_Range):
    # Strict mode accepts only members, and the browser sends a text.
    step: Annotated[NextStep, Field(strict=False)] = NextStep.TRACE


class _Cursor(Message):
    position: WholeNumber


class _Coloring(Message):
    column: str


def parse_range(raw: object, *, doc: str, n_tokens: int) -> TokenRange | None:
    """Read `{"doc", "start", "stop", …}`; an empty range means that nothing is selected.

    Raises:
        InputError: the message does not have this shape, or 0 <= start <= stop is false.
    """
    sent = parse_about(raw, _Range, doc=doc)
    if sent is None:
        return None
    if sent.stop < sent.start:
        raise InputError(
            f"The browser sent the token range [{sent.start}, {sent.stop}): expected start <= stop."
        )
    return (sent.start, sent.stop) if sent.start < sent.stop <= n_tokens else None


def parse_step(raw: object, *, doc: str) -> NextStep:
    """Read the step of a message of `parse_range`; a message without one requests a trace.

    Raises:
        InputError: the message does not have this shape.
    """
    sent = parse_about(raw, _Step, doc=doc)
    return NextStep.TRACE if sent is None else sent.step


def parse_position(raw: object, *, doc: str, n_tokens: int) -> int | None:
    """Read `{"doc", "position", …}`.

    Raises:
        InputError: the message does not have this shape, or the position is negative.
    """
    sent = parse_about(raw, _Cursor, doc=doc)
    return sent.position if sent is not None and sent.position < n_tokens else None


def parse_metric(raw: object) -> str | None:
    """Read `{"doc", "column", …}`; None for the shift category. It may be about any response.

    Raises:
        InputError: the message does not have this shape, or the metric is unknown.
    """
    column = parse(raw, _Coloring).column
    return None if column == "category" else metric_for(column).column
