"""Read a UTF-8 text file, plain or gzipped, in chunks of bounded size."""

import codecs
import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from itlim.errors import DatasetError

MAX_ROW_BYTES = 64 * 2**20
"""Longer rows are rejected, because they would exhaust the memory."""
CHUNK_BYTES = 2**20
_HEAD_BYTES = 2**16
_GZIP = b"\x1f\x8b"
_FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class TextFile:
    """An open text file that tracks how much of it has been read; a context manager.

    Args:
        path: the file.
        chunk_bytes: size of the chunks in which the file is read.
        max_row_bytes: length from which a row is rejected.

    Raises:
        DatasetError: the file cannot be opened or decompressed, or is not UTF-8 text.
    """

    def __init__(
        self, path: Path, *, chunk_bytes: int = CHUNK_BYTES, max_row_bytes: int = MAX_ROW_BYTES
    ) -> None:
        self.path = path
        self.max_row_bytes = max_row_bytes
        self._chunk_bytes = chunk_bytes
        try:
            self._raw = path.open("rb")
            self._size = os.fstat(self._raw.fileno()).st_size
        except OSError as error:
            raise DatasetError(
                f"Cannot read the dataset {path}: {error.strerror}. Check the path."
            ) from error
        self.is_packed = self._raw.read(2) == _GZIP
        self._raw.seek(0)
        opened = gzip.GzipFile(fileobj=self._raw) if self.is_packed else self._raw
        self._bytes = cast(IO[bytes], opened)

    def __enter__(self) -> "TextFile":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._raw.close()

    @property
    def too_long(self) -> str:
        """Why a row of `max_row_bytes` or more is rejected."""
        mebibytes, rest = divmod(self.max_row_bytes, 2**20)
        limit = f"{self.max_row_bytes:,} bytes" if rest else f"{mebibytes} MiB"
        return f"longer than {limit}"

    def fraction(self) -> float:
        """Fraction of the file that has been read, in [0, 1]."""
        return min(1.0, self._raw.tell() / self._size) if self._size else 1.0

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._bytes.seek(0)

    def begins_with(self, mark: bytes) -> bool:
        """Whether the decompressed file begins with these bytes; rewinds the file."""
        start = self._read(len(mark))
        self.rewind()
        return start == mark

    def head(self) -> bytes:
        """The beginning of the decompressed text; rewinds the file."""
        start = self._without_mark(self._read(_HEAD_BYTES))
        self.rewind()
        return start

    def lines(self) -> Iterator[tuple[int, str | None]]:
        r"""1-based number and text (with `\n`) of each line; the text is None if it is too long.

        Lines end only at `\n`, because texts may contain U+2028 and other line separators.
        """
        number = 0
        while line := self._read(self.max_row_bytes, whole_line=True):
            number += 1
            if len(line) == self.max_row_bytes and not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = self._read(self._chunk_bytes, whole_line=True)
                yield number, None
                continue
            if number == 1:
                line = self._without_mark(line)
            try:
                yield number, line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise self._not_utf8(number, error) from error

    def chunks(self) -> Iterator[str]:
        """The text in chunks of about 1 MiB."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        line = 1
        first = True
        while piece := self._read(self._chunk_bytes):
            if first:
                piece, first = self._without_mark(piece), False
            try:
                text = decoder.decode(piece)
            except UnicodeDecodeError as error:
                line += error.object.count(b"\n", 0, error.start)
                raise self._not_utf8(line, error) from error
            line += text.count("\n")
            yield text
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise self._not_utf8(line, error) from error

    def _read(self, size: int, *, whole_line: bool = False) -> bytes:
        try:
            return self._bytes.readline(size) if whole_line else self._bytes.read(size)
        except (EOFError, zlib.error, OSError) as error:
            raise DatasetError(
                f"Cannot read the dataset {self.path}: {error}. Is the file cut off or damaged?"
            ) from error

    def _without_mark(self, start: bytes) -> bytes:
        """Drop a UTF-8 byte order mark; reject other encodings and binary files.

        UTF-32 is checked first, because its mark begins with that of UTF-16.
        """
        for mark, encoding in _FOREIGN_MARKS.items():
            if start.startswith(mark):
                raise DatasetError(
                    f"{self.path} is {encoding} text, expected UTF-8. Save it as UTF-8, for "
                    f"instance with: iconv -f {encoding} -t UTF-8."
                )
        if b"\0" in start[:_HEAD_BYTES]:
            raise DatasetError(
                f"{self.path} is a binary file, expected JSON, JSONL, CSV, TSV or Parquet."
            )
        return start.removeprefix(codecs.BOM_UTF8)

    def _not_utf8(self, line: int, error: UnicodeDecodeError) -> DatasetError:
        byte = error.object[error.start]
        return DatasetError(
            f"{self.path}, line {line}: byte 0x{byte:02x} is not UTF-8. Save the file as UTF-8, "
            "for instance with: iconv -f WINDOWS-1252 -t UTF-8."
        )
