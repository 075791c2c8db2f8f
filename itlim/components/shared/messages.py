"""Validate the messages that a browser sends; one parser for all views.

A message names its document. Messages about another document are outdated and ignored; a message
of the wrong shape is an error that says what was received and what was expected.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from itlim.errors import InputError

WholeNumber = Annotated[int, Field(ge=0)]
"""Strict: `True` and 1.0 are not whole numbers."""


class Message(BaseModel):
    """A message, or an object inside one; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Addressed(Message):
    doc: str


Shape = TypeVar("Shape", bound=Message)


def is_about(raw: object, doc: str) -> bool:
    """Whether a message was sent and is about this document.

    Args:
        raw: the component's value; None if nothing was sent.
        doc: id of the document on screen.

    Raises:
        InputError: the message is not an object with a `doc`.
    """
    return raw is not None and parse(raw, _Addressed).doc == doc


def parse_about(raw: object, shape: type[Shape], *, doc: str) -> Shape | None:
    """Read a message; None if nothing was sent about this document.

    Raises:
        InputError: the message does not have this shape.
    """
    return parse(raw, shape) if is_about(raw, doc) else None


def parse(raw: object, shape: type[Shape]) -> Shape:
    """Read a message about any document.

    Raises:
        InputError: the message does not have this shape; names the first invalid field.
    """
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        raise _error_of(error.errors(include_url=False)[0], raw) from error


def _error_of(first: ErrorDetails, raw: object) -> InputError:
    path = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return InputError(f"The browser sent {raw!r:.80}: expected an object with {path}.")
    describe = _EXPECTED.get(first["type"])
    expected = describe(first.get("ctx", {}), first["input"]) if describe else first["msg"]
    received = f"{path} = {first['input']!r:.80}" if path else f"{first['input']!r:.80}"
    return InputError(f"The browser sent {received}: expected {expected}.")


_EXPECTED: dict[str, Callable[[dict[str, Any], Any], str]] = {
    "model_type": lambda *_: "an object",
    "dict_type": lambda *_: "an object",
    "list_type": lambda *_: "a list",
    "string_type": lambda *_: "a text",
    "string_unicode": lambda *_: "a text without lone surrogates",
    "string_too_short": lambda *_: "a nonempty text",
    "string_too_long": lambda ctx, value: (
        f"at most {ctx['max_length']} characters, not {len(value)}"
    ),
    "int_type": lambda *_: "a whole number",
    "greater_than_equal": lambda ctx, _: f"a whole number >= {ctx['ge']}",
    "bool_type": lambda *_: "true or false",
    "enum": lambda ctx, _: f"one of {ctx['expected']}",
    "literal_error": lambda ctx, _: f"one of {ctx['expected']}",
}
"""Descriptions of what was expected, by pydantic's error type."""
