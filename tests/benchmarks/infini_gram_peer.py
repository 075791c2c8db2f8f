"""The infini-gram package over word ids: a rival for time, and an oracle for verbatim spans.

infini-gram (PyPI, Liu et al. 2024, arXiv:2401.17377; `attribute` is what OLMoTrace runs) indexes
files of token ids. Its own first step wants a tokenizer from a hub; written here instead are the
two files of that step, so that it indexes the very words that the tracer does and the spans can
be compared one by one.

    build([[0, 1, 2], [1, 2, 0]], folder)
    InfiniGram(folder).spans([1, 2, 0, 7])  # [VerbatimSpan(start=0, stop=3, count=1)]
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_SEPARATOR = 0xFFFF
_UNKNOWN = 0xFFFD
"""Stands for query words that no document holds; 0xFFFE is the engine's end of text."""
MAX_WORD_IDS = _UNKNOWN
_ANY_COUNT = 10**9


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class VerbatimSpan:
    """Query positions [start, stop) whose words stand `count` times in the documents as they are.

    It is maximal: it is not inside another such span.
    """

    start: int
    stop: int
    count: int


def build(
    word_ids_per_document: Sequence[Sequence[int]], folder: Path, *, gigabytes: int = 4
) -> None:
    """Write an infini-gram index of the documents into a folder, which is made.

    Spans never cross from one document to the next, so give each field as a document where
    they must not cross fields.

    Raises:
        ValueError: an id does not fit (the package is used with 16-bit ids).
        RuntimeError: the package's indexer failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    documents = [np.asarray(ids, dtype=np.int64) for ids in word_ids_per_document]
    top = max((int(ids.max()) for ids in documents if len(ids)), default=0)
    if top >= MAX_WORD_IDS or any(len(ids) and ids.min() < 0 for ids in documents):
        raise ValueError(f"Word ids must lie in [0, {MAX_WORD_IDS}); the largest is {top}.")
    lengths = np.array([len(ids) + 1 for ids in documents])
    starts = np.cumsum(lengths) - lengths
    tokens = np.full(int(lengths.sum()), _SEPARATOR, dtype="<u2")
    for start, ids in zip(starts, documents, strict=True):
        tokens[start + 1 : start + 1 + len(ids)] = ids
    tokens.tofile(folder / "tokenized.0")
    (2 * starts).astype("<u8").tofile(folder / "offset.0")
    options = {
        "--data_dir": folder.resolve(),
        "--save_dir": folder.resolve(),
        "--token_dtype": "u16",
        "--cpus": 1,
        "--mem": gigabytes,
        "--ulimit": 1024,
    }
    # The first step is skipped, since its files exist.
    ran = subprocess.run(
        [sys.executable, "-m", "infini_gram.indexing"]
        + [str(part) for option in options.items() for part in option],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode or not (folder / "table.0").exists():
        raise RuntimeError(f"infini-gram could not index {folder}:\n{ran.stdout}\n{ran.stderr}")


class InfiniGram:
    """An opened index."""

    def __init__(self, folder: Path) -> None:
        from infini_gram.engine import InfiniGramEngine

        self._engine = InfiniGramEngine(
            str(folder), eos_token_id=0xFFFE, vocab_size=0xFFFF, version=4, token_dtype="u16"
        )

    def spans(self, query_ids: Sequence[int], min_len: int = 1) -> list[VerbatimSpan]:
        """All maximal verbatim spans of at least `min_len` words, by position.

        Args:
            query_ids: word ids; -1 for a word that no document holds.
            min_len: shorter spans are left out.
        """
        found = self.attribute(query_ids, min_len)
        return [
            VerbatimSpan(start=one["l"], stop=one["r"], count=one["count"])
            for one in found["spans"]
        ]

    def attribute(self, query_ids: Sequence[int], min_len: int, max_count: int = _ANY_COUNT):
        """The package's own call, bare: time this one.

        Args:
            query_ids: as for `spans`.
            min_len: as for `spans`.
            max_count: spans that stand more often are left out, and as many places are listed.
        """
        found = self._engine.attribute(
            input_ids=[int(one) if one >= 0 else _UNKNOWN for one in query_ids],
            delim_ids=[],
            min_len=min_len,
            max_cnt=max_count,
            enforce_bow=False,
        )
        if "error" in found:
            raise RuntimeError(f"infini-gram refused the query: {found['error']}.")
        return found
