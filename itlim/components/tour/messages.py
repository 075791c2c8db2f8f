"""Validate the messages that the browser sends about the tour."""

from typing import Annotated

from pydantic import Field

from itlim.components.shared.messages import Message, parse_about
from itlim.components.tour.payload import STEPS


class _Step(Message):
    step: Annotated[int, Field(ge=1, le=STEPS)]


def parse_step(raw: object, *, doc: str) -> int | None:
    """Read `{"doc", "step", …}`, 1-based; None if nothing was sent about this tour.

    Raises:
        InputError: the message does not have this shape.
    """
    sent = parse_about(raw, _Step, doc=doc)
    return None if sent is None else sent.step
