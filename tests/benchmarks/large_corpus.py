"""An instruction-tuning dataset of any size, made from smaller real ones.

No dataset of Tulu's size is at hand. So a reader walks through the real texts, and at every
fifth word or so jumps to another place where the same word stands. What comes out has the
words, phrases and word frequencies of real text and says nothing. Now and then a made-up
name of a Zipf distribution stands in a word's place, so that the vocabulary grows with the
size as real ones do.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.text.words import raw_words

JUMP = 0.2
"""Share of words after which the reader jumps."""
NAME = 0.003
"""Share of words that a made-up name replaces."""
NAMES = 400_000
INSTRUCTION_SHARE = 0.12
"""Of an instance's words."""
_SPREAD = 0.8
"""Standard deviation of the logarithm of an instance's length."""
_READERS = 4096
_STEPS = 512
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]

Ids = npt.NDArray[np.int32]


def write_large_dataset(
    path: Path, sources: Sequence[Path], *, n_instances: int, n_words: int, seed: int = 0
) -> None:
    """Write Alpaca's JSON lines, in bounded memory; nothing is done if the file is there.

    Args:
        path: the file.
        sources: JSON lines of texts to read in; every string in them counts.
        n_instances: rows to write.
        n_words: words in all, as `raw_words` counts, to about 1%.
        seed: equal ones give equal files.
    """
    if path.exists():
        return
    text = _Text.read(sources)
    rng = np.random.default_rng(seed)
    lengths = rng.lognormal(0.0, _SPREAD, n_instances)
    lengths *= n_words / text.words_per_token / lengths.sum()
    tokens = _Tokens(text.walk(rng))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    with unfinished.open("w", encoding="utf-8") as file:
        for length in np.maximum(np.rint(lengths), 4).astype(int).tolist():
            asked = max(2, round(INSTRUCTION_SHARE * length))
            row = {
                "instruction": text.written(tokens.take(asked)),
                "input": "",
                "output": text.written(tokens.take(length - asked)),
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    unfinished.rename(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """Texts as one sequence of tokens, which are what stands between blanks."""

    vocabulary: npt.NDArray[Any]
    """(v + NAMES,) strings; the names come last."""
    tokens: Ids
    """(n,) as indices of the vocabulary."""
    places: Ids
    """(n,) positions in `tokens`, those of each token together."""
    first: npt.NDArray[np.int64]
    """(v + 1,) where each token's places start."""
    words_per_token: float

    @classmethod
    def read(cls, sources: Sequence[Path]) -> "_Text":
        numbers: dict[str, int] = {}
        tokens = []
        for source in sources:
            for line in source.read_text(encoding="utf-8").split("\n"):
                if line:
                    found = " ".join(_strings(json.loads(line))).split()
                    tokens += [numbers.setdefault(token, len(numbers)) for token in found]
        codes = np.array(tokens, dtype=np.int32)
        counts = np.bincount(codes)
        held = [len(raw_words(token)) for token in numbers]
        return cls(
            vocabulary=np.array([*numbers, *map(made_up_name, range(NAMES))], dtype=object),
            tokens=codes,
            places=np.argsort(codes, kind="stable").astype(np.int32),
            first=np.concatenate([[0], np.cumsum(counts)]),
            words_per_token=float(np.dot(counts, held) / len(codes)),
        )

    def walk(self, rng: np.random.Generator) -> Iterator[Ids]:
        """What readers read, each for many words, one after the other; without end."""
        n = len(self.tokens)
        at = rng.integers(0, n, _READERS)
        while True:
            read = np.empty((_STEPS, _READERS), dtype=np.int32)
            for step in range(_STEPS):
                read[step] = self.tokens[at]
                jump = np.flatnonzero(rng.random(_READERS) < JUMP)
                first, last = self.first[read[step, jump]], self.first[read[step, jump] + 1]
                at[jump] = self.places[first + (rng.random(len(jump)) * (last - first)).astype(int)]
                at = (at + 1) % n
            is_name = rng.random(read.shape) < NAME
            # Log-uniform ranks: Zipf's law with exponent 1.
            ranks = np.exp(rng.random(np.count_nonzero(is_name)) * np.log(NAMES)).astype(int) - 1
            read[is_name] = len(self.vocabulary) - NAMES + ranks
            yield read.T.reshape(-1)

    def written(self, codes: Ids) -> str:
        return " ".join(self.vocabulary[codes].tolist())


class _Tokens:
    """Takes any number of tokens off a stream of blocks."""

    def __init__(self, blocks: Iterator[Ids]) -> None:
        self._blocks = blocks
        self._held: Ids = np.empty(0, dtype=np.int32)
        self._used = 0

    def take(self, count: int) -> Ids:
        while len(self._held) - self._used < count:
            self._held = np.concatenate([self._held[self._used :], next(self._blocks)])
            self._used = 0
        self._used += count
        return self._held[self._used - count : self._used]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def made_up_name(number: int) -> str:
    """A made-up name, another for each number."""
    syllables = []
    for _ in range(3):
        number, syllable = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[syllable])
    return "".join(syllables).capitalize() + (f"{number}" if number else "")
