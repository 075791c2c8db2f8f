"""The verbatim part of an index: word ids, their suffix array, and how rare words are.

Files of one folder, all memory-mapped, all little-endian:

    words.i32         word ids of all fields in order, each field closed by 0
    suffixes.i32      suffix array of words.i32
    fields.i64        (3 n + 1,) start of each instance's instruction, input and response
    hashes.u64        (v,) sorted hashes of the vocabulary; word id = position + 1
    first_suffix.i32  (v + 2,) where the suffixes that begin with each id start
    frequency.i32     (v + 1,) in how many instances of different content the word stands
    groups.i32        (n,) instances of equal content share a number

Words are known by a 64-bit hash alone: among a million words the chance that any two
share one is below 1 in 10 million.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.errors import CancelledError, DatasetError, IndexFolderError
from itlim.progress import Cancelled, Progress
from itlim.text.words import VERSION, normalise, raw_words
from itlim.trace.words.suffixes import suffix_array

CANCELLED = "Building the index was cancelled; nothing was kept."
SEPARATOR = 0
MARK_EVERY = 32
"""Words between two whose field is kept in memory."""
FIELDS = 3
"""Instruction, input, response, in this order."""
FILES = {
    "words": "words.i32",
    "suffixes": "suffixes.i32",
    "fields": "fields.i64",
    "hashes": "hashes.u64",
    "first_suffix": "first_suffix.i32",
    "frequency": "frequency.i32",
    "groups": "groups.i32",
}
_DTYPES = {".i32": "<i4", ".i64": "<i8", ".u64": "<u8"}
FLUSHED_WORDS = 1 << 22
"""Words collected in Python lists before they go to disk."""


@lru_cache(maxsize=1 << 18)
def word_hash(normalised: str) -> int:
    """64-bit hash of a normalised word.

    Normalising twice may give another word ("released", "releas", "relea"), so a word must
    come here normalised exactly once.
    """
    return int.from_bytes(hashlib.blake2b(normalised.encode(), digest_size=8).digest(), "little")


class LexicalWriter:
    """Collects the fields of instances in order and writes the files.

    Args:
        folder: exists and is empty of these files.
        flushed_words: words collected in memory before they go to disk.
    """

    def __init__(self, folder: Path, *, flushed_words: int = FLUSHED_WORDS) -> None:
        self._folder = folder
        self._flushed_words = flushed_words
        self._draft = (folder / FILES["words"]).open("wb")
        self._ids: dict[str, int] = {}
        self._hashes: dict[int, int] = {}
        self._pending: list[int] = []
        self._fields: list[int] = []
        self._groups: list[int] = []
        self._group_of: dict[bytes, int] = {}
        self._n_words = 0

    def add(
        self,
        instructions: Sequence[str],
        inputs: Sequence[str],
        responses: Sequence[str],
        content_sha256: Sequence[str],
    ) -> None:
        """Add a batch of instances; equal `content_sha256` makes them one content."""
        for texts in zip(instructions, inputs, responses, strict=True):
            for text in texts:
                self._fields.append(self._n_words + len(self._pending))
                self._pending.extend(self._ids_of(text))
                self._pending.append(SEPARATOR)
        for digest in content_sha256:
            key = bytes.fromhex(digest)
            self._groups.append(self._group_of.setdefault(key, len(self._group_of)))
        if len(self._pending) > self._flushed_words:
            self._flush()

    def finish(
        self, progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> dict[str, Any]:
        """Sort and write everything.

        Returns:
            Facts for the index's meta file: n_instances, n_words, n_contents and
            normaliser (its version).

        Raises:
            DatasetError: no instance was added, or none holds a word.
            CancelledError: `cancelled` said so.
        """
        self._flush()
        self._draft.close()
        if not self._hashes:
            raise DatasetError(
                f"No word in {len(self._groups)} instances: nothing to search for. "
                "Check the column mapping."
            )
        steps: list[tuple[str, Callable[[], None]]] = [
            ("numbering words", self._number_words),
            ("counting words", self._count),
            ("sorting suffixes", self._sort),
        ]
        for done, (label, step) in enumerate(steps):
            if cancelled is not None and cancelled():
                raise CancelledError(CANCELLED)
            if progress is not None:
                progress(done / len(steps), label)
            step()
        return {
            "n_instances": len(self._groups),
            "n_words": self._n_words - FIELDS * len(self._groups),
            "n_contents": len(self._group_of),
            "normaliser": VERSION,
        }

    def _ids_of(self, text: str) -> list[int]:
        known = self._ids
        found = raw_words(text)
        try:
            return list(map(known.__getitem__, found))
        except KeyError:  # in one text of three, later on
            for word in found:
                if word not in known:
                    digest = word_hash(normalise(word))
                    known[word] = self._hashes.setdefault(digest, len(self._hashes) + 1)
        return list(map(known.__getitem__, found))

    def _flush(self) -> None:
        np.array(self._pending, dtype="<i4").tofile(self._draft)
        self._n_words += len(self._pending)
        self._pending.clear()

    def _number_words(self) -> None:
        """Renumber words in the order of their hashes, so that looking up is one search."""
        hashes = np.fromiter(self._hashes, dtype="<u8", count=len(self._hashes))
        order = np.argsort(hashes)
        number = np.zeros(len(hashes) + 1, dtype="<i4")
        number[order + 1] = np.arange(1, len(hashes) + 1)
        self._write("hashes", hashes[order])
        words = np.memmap(self._folder / FILES["words"], dtype="<i4", mode="r+")
        step = self._flushed_words
        for start in range(0, len(words), step):
            words[start : start + step] = number[words[start : start + step]]
        words.flush()
        self._write("fields", np.array([*self._fields, self._n_words], dtype="<i8"))
        self._write("groups", np.array(self._groups, dtype="<i4"))

    def _count(self) -> None:
        """Count instances of different content a word; exact copies count once."""
        # Late: it comes with numba, which an index that is only opened does not need.
        from itlim.trace.words.gathering import count_contents

        words = np.memmap(self._folder / FILES["words"], dtype="<i4", mode="r")
        frequency = np.zeros(len(self._hashes) + 1, dtype="<i4")
        bounds = np.array([*self._fields[::FIELDS], self._n_words], dtype=np.int64)
        groups = np.array(self._groups, dtype=np.int32)
        count_contents(words.view(np.ndarray), bounds, groups, frequency)
        frequency[SEPARATOR] = 0
        self._write("frequency", frequency)

    def _sort(self) -> None:
        words = np.fromfile(self._folder / FILES["words"], dtype="<i4")
        suffixes = suffix_array(words)
        self._write("suffixes", suffixes)
        counts = np.bincount(words, minlength=len(self._hashes) + 1)
        first = np.concatenate([[0], np.cumsum(counts)])
        self._write("first_suffix", first.astype("<i4"))

    def _write(self, name: str, values: npt.NDArray[Any]) -> None:
        values.tofile(self._folder / FILES[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalIndex:
    """The files of one folder, memory-mapped. Word ids are 1-based, 0 closes a field."""

    words: npt.NDArray[np.int32]
    suffixes: npt.NDArray[np.int32]
    fields: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    first_suffix: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]
    groups: npt.NDArray[np.int32]
    total_frequency: int
    """Sum of `frequency`: what a word's frequency is a share of."""
    n_contents: int
    """Different contents: how many numbers `groups` holds."""
    marks: npt.NDArray[np.int32]
    """The field of every `MARK_EVERY`-th word, so that a word's field is found in a step or two."""

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Map the files.

        Raises:
            IndexFolderError: a file is missing or its length does not fit the others'.
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
                    f"{folder / FILES[name]} holds {len(arrays[name]):,} entries, expected "
                    f"{length:,}: the file is damaged. Rebuild the index."
                )
        return cls(
            **arrays,
            total_frequency=int(arrays["frequency"].sum(dtype=np.int64)),
            n_contents=int(arrays["groups"].max(initial=-1)) + 1,
            marks=_marks(arrays["fields"]),
        )

    @property
    def places(self) -> tuple[npt.NDArray[Any], ...]:
        """What tells the field of an entry of the suffix array, as the loops take it."""
        return self.suffixes, self.fields, self.marks

    def ids(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Word ids of words that `normalise.words` gave; -1 where the dataset lacks the word."""
        wanted = np.array([word_hash(word) for word in words], dtype=np.uint64)
        places = np.searchsorted(self.hashes, wanted)
        found = self.hashes[np.minimum(places, len(self.hashes) - 1)] == wanted
        return np.where(found, places + 1, -1).astype(np.int32)


def _marks(fields: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """The field that holds each `MARK_EVERY`-th word."""
    before = -(-fields // MARK_EVERY)  # marks before each field's start
    return np.repeat(np.arange(len(fields) - 1, dtype=np.int32), np.diff(before))
