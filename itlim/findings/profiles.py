"""Profiles of instruction-tuning datasets: size, tasks, topics and lengths (Appendix C)."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.settings import PROJECT_FOLDER
from itlim.text.words import raw_words

DATASETS_FILE = PROJECT_FOLDER / "data" / "paper" / "datasets.csv"
TASK_KEYS = ("task", "category", "type", "source")
"""Columns that name an instance's task or kind; the first one that a dataset has is used."""
TOPIC_KEYS = ("topic", "subject", "domain")
QUARTILES = (5, 25, 50, 75, 95)
"""Percentiles of a length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Numbers of words: mean and percentiles."""

    mean: float
    percentiles: tuple[float, ...]
    """At `QUARTILES`."""

    @classmethod
    def of(cls, counts: Sequence[int]) -> "Lengths":
        """Summarize at least one count."""
        values = np.asarray(counts, dtype=np.float64)
        return cls(
            mean=float(values.mean()),
            percentiles=tuple(np.percentile(values, QUARTILES).tolist()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetProfile:
    """What a dataset consists of. All instances are counted, so there is no interval."""

    name: str
    n: int
    n_with_input: int
    instruction_words: Lengths
    response_words: Lengths
    task_column: str
    """Column that gives the tasks; empty if no column does."""
    tasks: tuple[tuple[str, int], ...]
    """Most frequent first."""
    topic_column: str
    topics: tuple[tuple[str, int], ...]
    first_words: tuple[tuple[str, int], ...]
    """First words of the instructions, most frequent first: what is asked for."""


def dataset_profile(name: str, instances: pa.Table, *, top: int = 20) -> DatasetProfile | None:
    """Describe a dataset; None without instances.

    Args:
        name: name of the dataset.
        instances: `schema.INSTANCES`.
        top: number of tasks, topics and first words to keep.
    """
    if not instances.num_rows:
        return None
    instructions = instances["instruction"].to_pylist()
    extras = [_extra(text) for text in instances["extra"].to_pylist()]
    task_column, tasks = _named(extras, TASK_KEYS)
    topic_column, topics = _named(extras, TOPIC_KEYS)
    return DatasetProfile(
        name=name,
        n=len(instructions),
        n_with_input=sum(map(bool, instances["input"].to_pylist())),
        instruction_words=Lengths.of([len(raw_words(text)) for text in instructions]),
        response_words=Lengths.of(
            [len(raw_words(text)) for text in instances["response"].to_pylist()]
        ),
        task_column=task_column,
        tasks=_most(tasks, top),
        topic_column=topic_column,
        topics=_most(topics, top),
        first_words=_most(Counter(_first_word(text) for text in instructions), top),
    )


def _extra(text: str | None) -> dict[str, Any]:
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def _named(extras: Iterable[dict[str, Any]], keys: Sequence[str]) -> tuple[str, Counter[str]]:
    """The first of the columns that has values, and how often each value occurs."""
    rows = list(extras)
    for key in keys:
        counts = Counter(str(row[key]) for row in rows if row.get(key))
        if counts:
            return key, counts
    return "", Counter()


def _most(counts: Counter[str], top: int) -> tuple[tuple[str, int], ...]:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(ordered[:top])


def _first_word(text: str) -> str:
    found = raw_words(text)
    return found[0].lower() if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPart:
    """What the paper says about a dataset or a part of it."""

    dataset: str
    part: str
    """Empty for the whole dataset."""
    n: int


@cache
def reported_parts() -> tuple[ReportedPart, ...]:
    """The sizes in Appendix C.1, rounded as printed."""
    with DATASETS_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            ReportedPart(dataset=row["dataset"], part=row["part"], n=int(row["n"]))
            for row in csv.DictReader(file)
        )
