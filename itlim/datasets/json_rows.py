"""Stream rows of JSON Lines files and of JSON arrays.

Values are decoded by `json`. ijson also streams arrays, but it does not report positions, and its
fast backend rejects NaN and long integers and replaces lone surrogates, all of which occur in
datasets. `pyarrow.json` rejects a whole file because of one bad row.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from itlim.datasets.rows import SourceRow
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError

INVALID_JSON = "invalid JSON"
_BYTE_ORDER_MARK = "\ufeff"
_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN_VALUES = re.compile(r"[ \t\r\n,]*")
# If a value is cut off by the end of the text, the decoder reports an error near that end.
_NEAR_THE_END = 16


class RowDecoder(json.JSONDecoder):
    """Decodes a row and notices keys that occur twice in one object, of which one would be lost."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=self._object)
        self._doubled = ""

    def take_fault(self) -> str:
        """Why the last row is ambiguous; empty if it is not."""
        fault, self._doubled = self._doubled, ""
        return fault

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            for key, value in pairs:
                if found[key] != value:
                    self._doubled = f"the key {key!r} occurs twice with different values"
        return found


def json_line_rows(file: TextFile) -> Iterator[SourceRow]:
    """One row per line; blank lines are skipped."""
    decoder = RowDecoder()
    for line, text in file.lines():
        if text is None:
            yield SourceRow(line, None, file.too_long)
        elif text.strip():
            try:
                # Joined files have a byte order mark in the middle.
                value = decoder.decode(text.removeprefix(_BYTE_ORDER_MARK))
                yield _row(line, value, decoder)
            except json.JSONDecodeError as error:
                yield SourceRow(line, None, f"{INVALID_JSON}: {error.msg}")
            except (ValueError, RecursionError) as error:
                yield SourceRow(line, None, f"JSON that cannot be read: {error}")


def _row(line: int, value: Any, decoder: RowDecoder) -> SourceRow:
    fault = decoder.take_fault()
    return SourceRow(line, None, fault) if fault else SourceRow(line, value)


def json_array_rows(file: TextFile) -> Iterator[SourceRow]:
    """One row per element.

    Raises:
        DatasetError: an element is not valid JSON, so later elements cannot be found.
    """
    return _ArrayReader(file).rows()


class _ArrayReader:
    """Sliding window over the text of an array; contains at least the current element."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self._path = file.path
        self._chunks = file.chunks()
        self._decoder = RowDecoder()
        self._text = ""
        self._position = 0
        self._line = 1
        self._at_end = False

    def rows(self) -> Iterator[SourceRow]:
        self._skip(_SPACE)
        self._go_to(self._position + 1)  # The opening bracket.
        while True:
            self._skip(_BETWEEN_VALUES)
            if self._position == len(self._text):
                raise self._cut_off()
            if self._text[self._position] == "]":
                break
            yield self._element()
        self._go_to(self._position + 1)
        self._skip(_SPACE)
        if self._position < len(self._text):
            raise DatasetError(
                f"{self._path}, line {self._line}: text after the end of the JSON array. "
                "Expected one array of rows, or one object per line."
            )

    def _element(self) -> SourceRow:
        """Decode the element at the current position and move past it."""
        line = self._line
        while True:
            try:
                value, stop = self._decoder.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                self._raise_unless_more_text_may_help(error)
            except (ValueError, RecursionError) as error:
                raise self._invalid(str(error)) from error
            else:
                # A number may continue after the window: of "1.5e", only "1.5" is decoded.
                is_whole = self._text[stop : stop + 1] in {" ", "\t", "\r", "\n", ",", "]"}
                if is_whole or self._at_end or stop < len(self._text) - _NEAR_THE_END:
                    self._go_to(stop)
                    return _row(line, value, self._decoder)
            self._decoder.take_fault()
            self._grow()

    def _raise_unless_more_text_may_help(self, error: json.JSONDecodeError) -> None:
        unterminated = error.msg.startswith("Unterminated string")
        if self._at_end:
            if unterminated or error.pos >= len(self._text.rstrip()):
                raise self._cut_off() from error
            raise self._invalid(error.msg) from error
        if not unterminated and error.pos < len(self._text) - _NEAR_THE_END:
            raise self._invalid(error.msg) from error
        if len(self._text) - self._position > self._file.max_row_bytes:
            raise self._invalid(self._file.too_long) from error

    def _skip(self, characters: re.Pattern[str]) -> None:
        """Move to the next character that is not skipped, or to the end of the file."""
        while True:
            found = characters.match(self._text, self._position)
            self._go_to(found.end() if found else self._position)
            if self._position < len(self._text) or self._at_end:
                return
            self._grow()

    def _go_to(self, position: int) -> None:
        self._line += self._text.count("\n", self._position, position)
        self._position = position

    def _grow(self) -> None:
        """At least double the remaining text, which keeps the total cost of retries linear."""
        pieces = [self._text[self._position :]]
        wanted = max(1, len(pieces[0]))
        while wanted > 0 and not self._at_end:
            piece = next(self._chunks, None)
            self._at_end = piece is None
            pieces.append(piece or "")
            wanted -= len(pieces[-1])
        self._text, self._position = "".join(pieces), 0

    def _invalid(self, reason: str) -> DatasetError:
        return DatasetError(f"{self._path}, line {self._line}: invalid JSON ({reason}).")

    def _cut_off(self) -> DatasetError:
        return DatasetError(f"{self._path} ends inside its JSON array. Is the file cut off?")
