"""Small corpora of words for tests: written by the real writer, and read in plain Python.

Words are numbers, which normalization does not change.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import strategies as st
from prefix_doubling import by_prefix_doubling

from itlim.text.words import words
from itlim.trace.words import lexical
from itlim.trace.words.lexical import LexicalWriter
from itlim.trace.words.lexical_index import LexicalIndex

Row = tuple[str, str, str]

TEXTS = st.lists(st.sampled_from("1 2 3 4 5".split()), max_size=7).map(" ".join)
CORPORA = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5).filter(
    lambda rows: any(text for row in rows for text in row)
)
QUERIES = st.lists(st.sampled_from("1 2 3 4 5 6".split()), min_size=1, max_size=9)
"""6 does not occur in any corpus."""


def content_of(row: Row) -> str:
    return hashlib.sha256("\0".join(row).encode()).hexdigest()


def written(folder: Path, rows: Sequence[Row]) -> LexicalIndex:
    folder.mkdir(parents=True, exist_ok=True)
    writer = LexicalWriter(folder)
    writer.add(*zip(*rows, strict=True), [content_of(row) for row in rows])
    writer.finish()
    return LexicalIndex.open(folder)


SHARED_MEMORY = Path("/dev/shm")


def in_memory(rows: Sequence[Row]) -> LexicalIndex:
    """The index of a folder that is already deleted (its files stay mapped), in milliseconds.

    `pydivsufsort` clears megabytes before it sorts ten words; test_suffixes proves both equal.
    """
    home = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=home) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "suffix_array", by_prefix_doubling)
        return written(Path(folder), rows)


def fields_of(rows: Sequence[Row]) -> list[list[str]]:
    """Words of each field, three fields per instance."""
    return [words(text) for row in rows for text in row]


def occurrences(rows: Sequence[Row], run: Sequence[str]) -> list[tuple[int, int]]:
    """Field and word offset of each occurrence of a run, by a full scan."""
    return [
        (field, offset)
        for field, text in enumerate(fields_of(rows))
        for offset in range(len(text) - len(run) + 1)
        if text[offset : offset + len(run)] == list(run)
    ]


def n_contents(rows: Sequence[Row], run: Sequence[str]) -> int:
    """Number of distinct contents that contain a run."""
    return len({content_of(rows[field // 3]) for field, _ in occurrences(rows, run)})
