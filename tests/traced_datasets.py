"""Real indexes of datasets with known contents.

Filler rows consist of recurring made-up words, so that a name is rare among them.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from itlim.library import DatasetEntry
from itlim.trace import TraceIndex, build_index
from itlim.trace.index import build

Row = dict[str, str]


def row(output: str, instruction: str = "Say something.", input: str = "", **extra: str) -> Row:
    return {"instruction": instruction, "input": input, "output": output, **extra}


def filler(n: int = 150, seed: int = 0, words: int = 14) -> list[Row]:
    """Rows of words such as "luba", drawn from 400, rarely twice in the same order."""
    rng = np.random.default_rng(seed)
    vocabulary = [a + b for a in SYLLABLES for b in SYLLABLES]
    texts = [" ".join(rng.choice(vocabulary, size=words)) for _ in range(n)]
    return [row(text, instruction=f"Write of {text.split()[3]}.") for text in texts]


SYLLABLES = [consonant + vowel for consonant in "lmtkv" for vowel in "aeio"]


def write_rows(path: Path, rows: Sequence[Row | None]) -> Path:
    """Write one JSON object per line; None writes a line that is not JSON."""
    lines = ["{no json" if one is None else json.dumps(one, ensure_ascii=False) for one in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def built(
    folder: Path,
    rows: Sequence[Row | None],
    name: str = "toy",
    *,
    encoder: str | None = None,
    with_chance: bool = False,
) -> TraceIndex:
    """Build the real index of some rows; the chance baseline takes a second, so it is optional."""
    folder.mkdir(parents=True, exist_ok=True)
    entry = DatasetEntry(name=name, path=write_rows(folder / f"{name}.jsonl", rows))
    with pytest.MonkeyPatch.context() as patch:
        if not with_chance:
            patch.setattr(build, "write_chance", lambda _folder, _phases: None)
        return build_index(
            entry, folder / f"{name}-index", lexical_only=encoder is None, encoder=encoder
        )


def with_nulls(index: TraceIndex, nulls: dict) -> TraceIndex:
    """The same index with nulls made by the test."""
    return TraceIndex(index.folder, nulls=nulls)
