"""Invented datasets and answers: a model that copies from one dataset, and models that do not."""

import json
import random
from pathlib import Path

import numpy as np

from itlim.library import DatasetEntry, add_dataset
from itlim.trace import TraceIndex, build_index
from itlim.trace.evidence.null import Null, write_nulls
from itlim.trace.index import build
from itlim.trace.index.manifest import NULL_FILE

SYLLABLES = ("ba", "do", "ki", "lu", "me", "ro", "su", "ta", "ve", "zo")
VOCABULARY = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in "lmnr"]
NULL = Null(
    lengths=(5, 50),
    scores=(np.linspace(0, 30, 199), np.linspace(0, 40, 199)),
    source="invented",
)


def sentence(rng: random.Random, n_words: int) -> str:
    return " ".join(rng.choices(VOCABULARY, k=n_words))


def dataset_rows(seed: int, n: int = 60) -> list[dict]:
    rng = random.Random(f"dataset {seed}")
    return [
        {"instruction": f"{sentence(rng, 4)} {seed}?", "output": sentence(rng, 20)}
        for _ in range(n)
    ]


def answers(
    seed: int, n: int = 40, copied_from=(), every: int = 3, n_words: int = 20
) -> list[dict]:
    """Random words; each `every`-th answer contains eight words of a row of `copied_from`."""
    prompts, rng = random.Random("prompts"), random.Random(f"answers {seed}")
    found = []
    for number in range(n):
        text = sentence(rng, n_words).split()
        if copied_from and number % every == 0:
            source = copied_from[number % len(copied_from)]["output"].split()
            text[3:11] = source[5:13]
        asked = f"{sentence(prompts, 6)}?"
        found.append({"id": f"q{number}", "instruction": asked, "output": " ".join(text)})
    return found


def write_lines(path: Path, rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def build_invented(folder: Path, name: str, rows, patch, null=NULL, target=True) -> TraceIndex:
    """A lexical index whose chance baseline is `null`; none if it is None.

    It is in `folder`/`name`, or where the app looks for it if `target` is False; the dataset is
    then added to the library.
    """

    def chance(draft: Path, _phases) -> None:
        if null is not None:
            write_nulls(draft / NULL_FILE, {"response": null})

    # Fitting a real baseline takes most of a tiny build.
    patch.setattr(build, "write_chance", chance)
    entry = DatasetEntry(name=name, path=write_lines(folder / f"{name}.jsonl", rows))
    if not target:
        add_dataset(entry)
    return build_index(entry, folder / name if target else None, lexical_only=True)
