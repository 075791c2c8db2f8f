"""The text and JSON of a file, and what its reader found: rows, rejected rows and notes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from itlim.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that was not imported, and the reason."""

    row_number: int
    """Line of a JSONL file, task of a Label Studio file, row of a table, from 1; in CSV the
    header is row 1."""
    reason: str


@dataclass(slots=True, kw_only=True)
class Parsed:
    """The rows that a reader found in a file, with rejected rows and notes."""

    documents: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Row number, and the row in the form of `documents.RowDocument`, not yet checked."""
    rejected: list[RejectedRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _unread: dict[str, list[int]] = field(default_factory=dict)
    _decided: dict[str, list[int]] = field(default_factory=dict)

    def not_read(self, what: str, row_number: int) -> None:
        """Record that a filled part of a row is not imported, such as `relations`."""
        rows = self._unread.setdefault(what, [])
        if row_number not in rows:
            rows.append(row_number)

    def note_rows(self, what: str, row_number: int) -> None:
        """Record a decision that concerns several rows."""
        self._decided.setdefault(what, []).append(row_number)

    def closing_notes(self) -> list[str]:
        """One sentence for each decision and each kind of content that is not imported."""
        decided = [f"{what}: {rows_in_words(rows)}" for what, rows in self._decided.items()]
        unread = [
            f"not kept: {what} ({rows_in_words(rows)})" for what, rows in self._unread.items()
        ]
        return decided + unread

    def reject(self, row_number: int, reason: object) -> None:
        """Reject a row."""
        self.rejected.append(RejectedRow(row_number=row_number, reason=str(reason)))


def rows_in_words(rows: Sequence[int]) -> str:
    """Row numbers for a message; the first few of many.

    >>> rows_in_words([3])
    'row 3'
    >>> rows_in_words(range(1, 9))
    'rows 1, 2, 3, 4, 5 and 3 more'
    """
    shown = ", ".join(map(str, rows[:5]))
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {shown}{more}"


def is_filled(value: object) -> bool:
    """Whether a value is neither null nor an empty text, list or object."""
    return value not in (None, "", [], {})


def decoded(data: bytes, what: str) -> str:
    """The file's text, without a byte order mark.

    Raises:
        InputError: the file is not UTF-8.
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
        InputError: the text is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({error})") from error


def encoded_json(document: Any) -> str:
    """Compact JSON with keys in the given order and unescaped text.

    Raises:
        InputError: a number is not finite, or a text cannot be encoded as UTF-8.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise InputError(
            f"A score is not a finite number ({error}); it cannot be exported."
        ) from error
    return checked_text(text)


def checked_text(text: str) -> str:
    """Check that a text can be encoded as UTF-8, and return it.

    Raises:
        InputError: it contains half a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"Character {error.start} of {text[:20]!r}… is half a surrogate pair, which is not a "
            "character."
        ) from error
    return text


def read_lines(data: bytes, what: str) -> Parsed:
    """Objects of a JSONL file, or of one JSON list."""
    text = decoded(data, what)
    parsed = Parsed()
    # Not splitlines, which also splits at U+2028 and others that a JSON string may contain.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            document = parsed_json(line)
        except InputError as error:
            parsed.reject(number, error)
            continue
        if isinstance(document, dict):
            parsed.documents.append((number, document))
        else:
            parsed.reject(number, f"expected a JSON object, received {type(document).__name__}")
    if parsed.rejected and not parsed.documents:
        first = parsed.rejected[0]
        raise InputError(
            f"Not {what}: expected one JSON object per line, but line {first.row_number} is "
            f"{first.reason}. Choose the format that the file was exported in."
        )
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
