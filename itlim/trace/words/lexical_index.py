"""Open the lexical part of an index; lexical.py lists its files and writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.errors import IndexFolderError
from itlim.trace.words.lexical import FIELDS, FILES, entry_fields, word_hash

LONGEST = 65_535
"""Largest number in `LexicalIndex.field_sizes`."""
_LATER_FILES = frozenset({"entry_fields"})
"""Files that older indexes lack; their content is computed on opening."""
_DTYPES = {".i32": "<i4", ".i64": "<i8", ".u64": "<u8"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LexicalIndex:
    """The files of one folder, memory-mapped. Word ids are 1-based; 0 terminates a field.

    Two indexes are equal if they are the same object.
    """

    words: npt.NDArray[np.int32]
    suffixes: npt.NDArray[np.int32]
    entry_fields: npt.NDArray[np.int32]
    fields: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    first_suffix: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]
    groups: npt.NDArray[np.int32]
    total_frequency: int
    """Sum of `frequency`: the denominator of a word's share."""
    n_contents: int
    """Number of distinct contents."""
    field_sizes: npt.NDArray[np.uint16]
    """Words of each field with its end, at most `LONGEST`: small enough to stay in the cache."""

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Map the files.

        Raises:
            IndexFolderError: a file is missing, or its length does not match the others.
        """
        arrays = {
            name: _mapped(folder / file)
            for name, file in FILES.items()
            if name not in _LATER_FILES or (folder / file).exists()
        }
        if "entry_fields" not in arrays:
            arrays["entry_fields"] = _fixed(entry_fields(arrays["suffixes"], arrays["fields"]))
        vocabulary, instances = len(arrays["hashes"]), len(arrays["groups"])
        expected = {
            "suffixes": len(arrays["words"]),
            "entry_fields": len(arrays["words"]),
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
            field_sizes=_fixed(np.minimum(np.diff(arrays["fields"]), LONGEST).astype(np.uint16)),
        )

    def ids(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Word ids of normalized words, (q,); -1 if the dataset lacks the word."""
        wanted = np.array([word_hash(word) for word in words], dtype=np.uint64)
        entries = np.searchsorted(self.hashes, wanted)
        found = self.hashes[np.minimum(entries, len(self.hashes) - 1)] == wanted
        return np.where(found, entries + 1, -1).astype(np.int32)


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        return np.memmap(path, dtype=_DTYPES[path.suffix], mode="r").view(np.ndarray)
    except (OSError, ValueError) as error:
        raise IndexFolderError(f"{path} cannot be read ({error}). Rebuild the index.") from error


def _fixed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Read-only, as mapped files are: compiled loops are made for one kind of array only."""
    values.flags.writeable = False
    return values
