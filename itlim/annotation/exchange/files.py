"""What every format needs: text and JSON of a file, records with checked fields, refusals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, NoReturn, TypeVar

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

_LARGEST = 2**53
"""Beyond it, JSON readers that hold numbers as doubles would change them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row that was not taken, and why."""

    row_number: int
    """Line of a JSONL file, task of a Label Studio file, row of a table, from 1; in CSV the
    header is row 1."""
    reason: str


@dataclass(slots=True, kw_only=True)
class Parsed:
    """What a reader made of a file."""

    documents: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Row number, and the row in the form of `documents.RowDocument`, not yet checked."""
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, row_number: int, reason: object) -> None:
        """Leave a row out."""
        self.refused.append(Refusal(row_number=row_number, reason=str(reason)))


def decoded(data: bytes, what: str) -> str:
    """The file's text, without a byte order mark.

    Raises:
        InputError: not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"Not {what}: byte {data[error.start]:#04x} at {error.start} is not UTF-8. "
            "Save the file as UTF-8 and import it again."
        ) from error


def parsed_json(text: str) -> Any:
    """JSON without NaN and infinities.

    Raises:
        InputError: not JSON.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({error})") from error


def encoded_json(document: Any) -> str:
    """JSON as all formats write it: compact, keys in the order given, text as it is.

    Raises:
        InputError: NaN, or text that UTF-8 cannot hold.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise InputError(
            f"A score is not a finite number ({error}); it cannot be exported."
        ) from error
    return checked_text(text)


def checked_text(text: str) -> str:
    """The text itself.

    Raises:
        InputError: it holds half of a surrogate pair, which UTF-8 cannot hold.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"Character {error.start} of {text[:20]!r}… is half of a surrogate pair: no character."
        ) from error
    return text


def read_lines(data: bytes, what: str) -> Parsed:
    """Objects of a JSONL file, or of one JSON list."""
    text = decoded(data, what)
    parsed = Parsed()
    # Not splitlines: U+2028 and others that it splits at may stand inside a JSON text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            document = parsed_json(line)
        except InputError as error:
            parsed.refuse(number, error)
            continue
        if isinstance(document, dict):
            parsed.documents.append((number, document))
        else:
            parsed.refuse(number, f"expected a JSON object, received {type(document).__name__}")
    if parsed.refused and not parsed.documents:
        first = parsed.refused[0]
        raise InputError(
            f"Not {what}: expected one JSON object a line, but line {first.row_number} is "
            f"{first.reason}. Choose the format that the file was exported in."
        )
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


# ---- records and their fields


def _whole_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _expected("a text without half of a surrogate pair") from error
    return text


def _edges(value: object) -> tuple[int, int]:
    edges = value if isinstance(value, list) else []
    if len(edges) != 2 or not all(type(one) is int and 0 <= one <= _LARGEST for one in edges):
        raise _expected("[start, end], whole numbers, 0 or more")
    return edges[0], edges[1]


def one_of(kinds: type[StrEnum]) -> BeforeValidator:
    """Reads a member of an enumeration by its value."""

    def chosen(value: object) -> object:
        if isinstance(value, str) and value in list(kinds):
            return kinds(value)
        raise _expected(f"one of {', '.join(kinds)}")

    return BeforeValidator(chosen)


def _expected(what: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{what}", {"what": what})


Text = Annotated[str, AfterValidator(_whole_text)]
Whole = Annotated[int, Field(ge=0, le=_LARGEST)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Edges = Annotated[tuple[int, int], PlainValidator(_edges)]


class Record(BaseModel):
    """An object of a file; null counts as not there, and unnamed fields are left out."""

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
        shape: what it must be.
        place: put before errors, such as `span 2: `.

    Raises:
        InputError: a field is missing or of another kind; names the first.
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


_WHOLE = "a whole number, 0 or more"
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
"""What was expected, by pydantic's type of error; others say it themselves."""
