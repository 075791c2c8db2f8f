"""Open the lexical part of an index; lexical.py lists its files and writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.errors import IndexFolderError
from itlim.trace.words.lexical import FIELDS, FILES, word_hash

MARK_EVERY = 32
"""Spacing in words of the entries of `LexicalIndex.marks`."""
_DTYPES = {".i32": "<i4", ".i64": "<i8", ".u64": "<u8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalIndex:
    """The files of one folder, memory-mapped. Word ids are 1-based; 0 terminates a field."""

    words: npt.NDArray[np.int32]
    suffixes: npt.NDArray[np.int32]
    fields: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    first_suffix: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]
    groups: npt.NDArray[np.int32]
    total_frequency: int
    """Sum of `frequency`: the denominator of a word's share."""
    n_contents: int
    """Number of distinct contents."""
    marks: npt.NDArray[np.int32]
    """Field of every `MARK_EVERY`-th word, so that one or two steps find the field of any word."""

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Map the files.

        Raises:
            IndexFolderError: a file is missing, or its length does not match the others.
        """
        arrays: dict[str, Any] = {}
        for name, file in FILES.items():
            try:
                arrays[name] = np.memmap(
                    folder / file, dtype=_DTYPES[Path(file).suffix], mode="r"
                ).view(np.ndarray)
            except (OSError, ValueError) as error:
                raise IndexFolderError(
                    f"{folder / file} cannot be read ({error}). Rebuild the index."
                ) from error
        vocabulary, instances = len(arrays["hashes"]), len(arrays["groups"])
        expected = {
            "suffixes": len(arrays["words"]),
            "fields": FIELDS * instances + 1,
            "first_suffix": vocabulary + 2,
            "frequency": vocabulary + 1,
        }
        for name, length in expected.items():
            if len(arrays[name]) != length:
                raise IndexFolderError(
                    f"{folder / FILES[name]} has {len(arrays[name]):,} entries, expected "
                    f"{length:,}: the file is damaged. Rebuild the index."
                )
        return cls(
            **arrays,
            total_frequency=int(arrays["frequency"].sum(dtype=np.int64)),
            n_contents=int(arrays["groups"].max(initial=-1)) + 1,
            marks=_marks(arrays["fields"]),
        )

    @property
    def field_lookup(self) -> tuple[npt.NDArray[Any], ...]:
        """The arrays with which the kernels find the field of a suffix-array entry."""
        return self.suffixes, self.fields, self.marks

    def ids(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Word ids of normalized words, (q,); -1 if the dataset lacks the word."""
        wanted = np.array([word_hash(word) for word in words], dtype=np.uint64)
        entries = np.searchsorted(self.hashes, wanted)
        found = self.hashes[np.minimum(entries, len(self.hashes) - 1)] == wanted
        return np.where(found, entries + 1, -1).astype(np.int32)


def _marks(fields: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Field index of each `MARK_EVERY`-th word."""
    before = -(-fields // MARK_EVERY)  # number of marks before each field
    return np.repeat(np.arange(len(fields) - 1, dtype=np.int32), np.diff(before))
