"""Objects of a file as records with checked fields, and errors that name the first bad field."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from itlim.errors import InputError
from itlim.text.addresses import EXPECTED_ADDRESS, is_web_address

_MAX_INTEGER = 2**53
"""Beyond it, JSON readers that store numbers as doubles would change them."""


def _encodable_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _expected("text without half a surrogate pair") from error
    return text


def _edges(value: object) -> tuple[int, int]:
    edges = value if isinstance(value, list) else []
    if len(edges) != 2 or not all(type(one) is int and 0 <= one <= _MAX_INTEGER for one in edges):
        raise _expected("[start, end], whole numbers of at least 0")
    return edges[0], edges[1]


def _address(text: str) -> str:
    if text and not is_web_address(text):
        raise _expected(EXPECTED_ADDRESS)
    return text


def one_of(kinds: type[StrEnum]) -> BeforeValidator:
    """Reads a member of an enumeration by its value."""

    def chosen(value: object) -> object:
        if isinstance(value, str) and value in list(kinds):
            return kinds(value)
        raise _expected(f"one of {', '.join(kinds)}")

    return BeforeValidator(chosen)


def _expected(what: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{what}", {"what": what})


Text = Annotated[str, AfterValidator(_encodable_text)]
Address = Annotated[Text, AfterValidator(_address)]
"""A web address; empty if there is none."""
Whole = Annotated[int, Field(ge=0, le=_MAX_INTEGER)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Edges = Annotated[tuple[int, int], PlainValidator(_edges)]


class Record(BaseModel):
    """An object of a file; null counts as missing, and unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, record: object) -> object:
        if not isinstance(record, Mapping):
            return record
        return {name: value for name, value in record.items() if value is not None}


Shape = TypeVar("Shape", bound=Record)


def read_record(record: object, shape: type[Shape], place: str = "") -> Shape:
    """An object of a file as a record.

    Args:
        record: as parsed from the file.
        shape: the expected record.
        place: prefix of error messages, such as `span 2: `.

    Raises:
        InputError: a field is missing or has another type; the message names the first.
    """
    try:
        return shape.model_validate(record)
    except ValidationError as error:
        raise InputError(place + _reason(error.errors(include_url=False)[0])) from error


def _reason(first: ErrorDetails) -> str:
    path: list[str] = []
    for step in first["loc"]:
        if isinstance(step, int):
            path[-1] = f"{path[-1].removesuffix('s')} {step + 1}"
        else:
            path.append(step)
    if first["type"] == "missing":
        return ": ".join([*path[:-1], f"lacks {path[-1]!r}"])
    expected = _EXPECTED.get(first["type"], first["msg"])
    if first["type"] == "literal_error":
        expected = first["ctx"]["expected"]
    received = repr(first["input"])
    shown = received if len(received) <= 40 else f"{received[:40]}…"
    return ": ".join([*path, f"expected {expected}, received {shown}"])


_WHOLE = "a whole number of at least 0"
_EXPECTED = {
    "model_type": "an object",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": _WHOLE,
    "greater_than_equal": _WHOLE,
    "less_than_equal": f"{_WHOLE} and at most 2⁵³",
    "float_type": "a finite number",
    "finite_number": "a finite number",
}
"""What was expected, by pydantic's error type; other messages state it themselves."""
