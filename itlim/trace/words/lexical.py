"""Write the lexical part of an index: word ids, their suffix array, and word frequencies.

Files of one folder, all memory-mapped, all little-endian:

    words.i32         word ids of all fields in order, each field terminated by 0
    suffixes.i32      suffix array of words.i32
    entry_fields.i32  the field of each entry of suffixes.i32: 3 times the instance plus 0, 1 or 2
    fields.i64        (3 n + 1,) start of each instance's instruction, input and response
    hashes.u64        (v,) sorted hashes of the vocabulary; word id = position + 1
    first_suffix.i32  (v + 2,) first entry of suffixes.i32 that starts with each id
    frequency.i32     (v + 1,) number of distinct contents that contain the word
    groups.i32        (n,) number of the content; instances of equal content share it

Words are identified by a 64-bit hash alone: among a million words, the probability that any two
share one is below 1 in 10 million.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.errors import CancelledError, DatasetError
from itlim.progress import Cancelled, Progress
from itlim.text.messages import plural
from itlim.text.words import VERSION, normalize, raw_words
from itlim.trace.words.suffixes import suffix_array

CANCELLED = "Building the index was canceled; nothing was kept."
SEPARATOR = 0

FIELDS = 3
"""Instruction, input, response, in this order."""
FILES = {
    "words": "words.i32",
    "suffixes": "suffixes.i32",
    "entry_fields": "entry_fields.i32",
    "fields": "fields.i64",
    "hashes": "hashes.u64",
    "first_suffix": "first_suffix.i32",
    "frequency": "frequency.i32",
    "groups": "groups.i32",
}
FLUSH_WORDS = 1 << 22
"""Words collected in Python lists before they are written to disk."""


@lru_cache(maxsize=1 << 18)
def word_hash(normalized: str) -> int:
    """64-bit hash of a normalized word.

    Normalizing twice may give another word ("released", "releas", "relea"), so the argument must
    be normalized exactly once.
    """
    return int.from_bytes(hashlib.blake2b(normalized.encode(), digest_size=8).digest(), "little")


def entry_fields(
    suffixes: npt.NDArray[np.int32], fields: npt.NDArray[np.int64]
) -> npt.NDArray[np.int32]:
    """The field of each entry of the suffix array, so that a loop over entries reads in order.

    >>> entry_fields(np.array([4, 0, 2]), np.array([0, 2, 3, 5])).tolist()
    [2, 0, 1]
    """
    of_word = np.repeat(np.arange(len(fields) - 1, dtype="<i4"), np.diff(fields))
    found: npt.NDArray[np.int32] = of_word[suffixes]
    return found


class LexicalWriter:
    """Collects the fields of instances in order and writes the files.

    Args:
        folder: an existing folder without any of these files.
        flush_words: number of words in memory at which they are written.
    """

    def __init__(self, folder: Path, *, flush_words: int = FLUSH_WORDS) -> None:
        self._folder = folder
        self._flush_words = flush_words
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
        """Add a batch of instances; those with equal `content_sha256` count as one content."""
        for texts in zip(instructions, inputs, responses, strict=True):
            for text in texts:
                self._fields.append(self._n_words + len(self._pending))
                self._pending.extend(self._ids_of(text))
                self._pending.append(SEPARATOR)
        for digest in content_sha256:
            key = bytes.fromhex(digest)
            self._groups.append(self._group_of.setdefault(key, len(self._group_of)))
        if len(self._pending) > self._flush_words:
            self._flush()

    def finish(
        self, progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> dict[str, Any]:
        """Sort the suffixes and write all files.

        Returns:
            Facts for the index's meta file: n_instances, n_words, n_contents and
            normaliser (its version).

        Raises:
            DatasetError: no instance was added, or none contains a word.
            CancelledError: `cancelled` returned True.
        """
        self._flush()
        self._draft.close()
        if not self._hashes:
            raise DatasetError(
                f"{plural(len(self._groups), 'instance')} without a single word: expected at least "
                "one word to index. Check the column mapping."
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
        except KeyError:  # once most words are known, for one text in three
            for word in found:
                if word not in known:
                    digest = word_hash(normalize(word))
                    known[word] = self._hashes.setdefault(digest, len(self._hashes) + 1)
        return list(map(known.__getitem__, found))

    def _flush(self) -> None:
        np.array(self._pending, dtype="<i4").tofile(self._draft)
        self._n_words += len(self._pending)
        self._pending.clear()

    def _number_words(self) -> None:
        """Renumber words in the order of their hashes, so that a lookup is one binary search."""
        hashes = np.fromiter(self._hashes, dtype="<u8", count=len(self._hashes))
        order = np.argsort(hashes)
        number = np.zeros(len(hashes) + 1, dtype="<i4")
        number[order + 1] = np.arange(1, len(hashes) + 1)
        self._write("hashes", hashes[order])
        words = np.memmap(self._folder / FILES["words"], dtype="<i4", mode="r+")
        for start in range(0, len(words), self._flush_words):
            part = slice(start, start + self._flush_words)
            words[part] = number[words[part]]
        words.flush()
        self._write("fields", np.array([*self._fields, self._n_words], dtype="<i8"))
        self._write("groups", np.array(self._groups, dtype="<i4"))

    def _count(self) -> None:
        """Count the distinct contents of each word; exact copies count once."""
        # Imported late: it loads numba, which opening an index does not need.
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
        fields = np.array([*self._fields, self._n_words], dtype=np.int64)
        self._write("entry_fields", entry_fields(suffixes, fields))
        counts = np.bincount(words, minlength=len(self._hashes) + 1)
        first = np.concatenate([[0], np.cumsum(counts)])
        self._write("first_suffix", first.astype("<i4"))

    def _write(self, name: str, values: npt.NDArray[Any]) -> None:
        values.tofile(self._folder / FILES[name])
