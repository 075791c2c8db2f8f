"""Values of a foreign record, with errors that name the field."""

import json
import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from itlim.errors import InputError

Chosen = TypeVar("Chosen", bound=StrEnum)

_LARGEST = 2**53
"""Beyond it, JSON readers that hold numbers as doubles would change them."""


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


class Fields:
    """One record of a file; what is null counts as not there."""

    def __init__(self, record: object, place: str = "") -> None:
        """`place` stands before the field's name in errors, such as `span 2: `."""
        if not isinstance(record, Mapping):
            raise InputError(f"{place}expected an object, received {_shown(record)}")
        self._record: Mapping[str, Any] = record
        self._place = place

    def has(self, name: str) -> bool:
        return self._record.get(name) is not None

    def raw(self, name: str) -> Any:
        """Whatever stands there; None if nothing."""
        return self._record.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without `default` it has to be there."""
        value = self._given(name, default)
        return (
            checked_text(value) if isinstance(value, str) else self._refuse(name, "a text", value)
        )

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number from 0 to 2⁵³."""
        value = self._given(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
            self._refuse(name, "a whole number, 0 or more", value)
        return int(value)

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._given(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            self._refuse(name, "a finite number", value)
        return float(value)

    def truth(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self._given(name, default)
        return value if isinstance(value, bool) else self._refuse(name, "true or false", value)

    def chosen(self, name: str, kinds: type[Chosen], default: Chosen | None = None) -> Chosen:
        """One of an enumeration."""
        value = self._given(name, default)
        if value not in list(kinds):
            self._refuse(name, "one of " + ", ".join(kinds), value)
        return kinds(value)

    def several(self, name: str) -> list[Any]:
        """A list; empty if nothing stands there."""
        value = self._given(name, [])
        return value if isinstance(value, list) else self._refuse(name, "a list", value)

    def _given(self, name: str, default: Any) -> Any:
        value = self._record.get(name)
        if value is None and default is None:
            raise InputError(f"{self._place}lacks {name!r}")
        return default if value is None else value

    def _refuse(self, name: str, expected: str, value: object) -> NoReturn:
        raise InputError(f"{self._place}{name}: expected {expected}, received {_shown(value)}")


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
