"""Rows of JSON lines and of one JSON array, neither ever whole in memory.

Values are decoded by `json`. ijson, which also streams arrays, reports no positions, and its fast
backend refuses NaN and long integers and replaces lone surrogates, all of which datasets contain;
`pyarrow.json` refuses a whole file for one bad row.
"""

import json
import re
from collections.abc import Iterator

from itlim.datasets.rows import SourceRow
from itlim.datasets.text_file import MAX_ROW_BYTES, TOO_LONG, TextFile
from itlim.errors import DatasetError

NO_JSON = "no JSON"
_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN_VALUES = re.compile(r"[ \t\r\n,]*")
# The decoder reports a value that is cut by the end of the text at, or just before, that end.
_NEAR_THE_END = 16


def json_line_rows(file: TextFile) -> Iterator[SourceRow]:
    """One row a line; blank lines are none."""
    for line, text in file.lines():
        if text is None:
            yield SourceRow(line, None, TOO_LONG)
        elif text.strip():
            try:
                yield SourceRow(line, json.loads(text))
            except json.JSONDecodeError as error:
                yield SourceRow(line, None, f"{NO_JSON}: {error.msg}")
            except (ValueError, RecursionError) as error:
                yield SourceRow(line, None, f"JSON that cannot be read: {error}")


def json_array_rows(file: TextFile) -> Iterator[SourceRow]:
    """One row an element.

    Raises:
        DatasetError: what stands there is no JSON, so that no later element can be found.
    """
    return _ArrayReader(file).rows()


class _ArrayReader:
    """A window on the text of an array: grows to hold one element, forgets what was given."""

    def __init__(self, file: TextFile) -> None:
        self._path = file.path
        self._chunks = file.chunks()
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._position = 0
        self._line = 1
        self._at_end = False

    def rows(self) -> Iterator[SourceRow]:
        self._skip(_SPACE)
        self._go_to(self._position + 1)  # The opening bracket, which showed the kind of file.
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
                "Expected one array of rows, or one object a line."
            )

    def _element(self) -> SourceRow:
        """The element that begins here; then go on behind it."""
        line = self._line
        while True:
            try:
                value, stop = self._decoder.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                self._refuse_what_no_text_completes(error)
            except (ValueError, RecursionError) as error:
                raise self._invalid(str(error)) from error
            else:
                # A number may go on behind the window: of "1.5e" only "1.5" is decoded.
                is_whole = self._text[stop : stop + 1] in {" ", "\t", "\r", "\n", ",", "]"}
                if is_whole or self._at_end or stop < len(self._text) - _NEAR_THE_END:
                    self._go_to(stop)
                    return SourceRow(line, value)
            self._grow()

    def _refuse_what_no_text_completes(self, error: json.JSONDecodeError) -> None:
        unterminated = error.msg.startswith("Unterminated string")
        if self._at_end:
            if unterminated or error.pos >= len(self._text.rstrip()):
                raise self._cut_off() from error
            raise self._invalid(error.msg) from error
        if not unterminated and error.pos < len(self._text) - _NEAR_THE_END:
            raise self._invalid(error.msg) from error
        if len(self._text) - self._position > MAX_ROW_BYTES:
            raise self._invalid(TOO_LONG) from error

    def _skip(self, characters: re.Pattern[str]) -> None:
        """Go on to the first other character; at the end of the file there is none."""
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
        """Append at least as much text as is still held, so that retries stay cheap."""
        pieces = [self._text[self._position :]]
        wanted = max(1, len(pieces[0]))
        while wanted > 0 and not self._at_end:
            piece = next(self._chunks, None)
            self._at_end = piece is None
            pieces.append(piece or "")
            wanted -= len(pieces[-1])
        self._text, self._position = "".join(pieces), 0

    def _invalid(self, reason: str) -> DatasetError:
        return DatasetError(f"{self._path}, line {self._line}: no valid JSON ({reason}).")

    def _cut_off(self) -> DatasetError:
        return DatasetError(f"{self._path} ends in the middle of its JSON array: is it cut off?")
