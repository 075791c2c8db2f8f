"""The leave-out study of the real family: which words, which removals, and what is known of them.

The phrases are those of the test answers that the rule selects (`phrases.jsonl`) and that a person
judged to be wrong. A seeded sample of them is studied; none is replaced afterwards. Of each phrase,
the longest name that only its source explains has to disappear: a whole clause would be gone after
any rewording. Each source is left out once, and each retraining is a control for the other phrases;
two random instances are left out as well.

The phrases were selected because they are in the tuning instances. So they say nothing about how
many wrong phrases are, and the findings do not count them.
"""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.errors import InputError
from itlim.findings.known import GOLD_SCHEMA
from itlim.store.shipped import RUNS_FILE

PHRASES_FILE = "phrases.jsonl"
CASES_FILE = "leave_out_cases.jsonl"
SHORTEST_NAME = 4
"""Characters of a name that is studied on its own; of shorter names, the whole phrase is."""
STUDIED, RANDOM_REMOVALS, SEED = 12, 2, 2026
MIN_DROP = 1.0
"""Nats by which the log-probability of a phrase drops at least without its cause: a phrase can also
be gone because an answer is worded differently."""
WRONG, RIGHT, UNCLEAR = "wrong", "right", "unclear"
_PAIR = "real-sft"

Phrase = Mapping[str, Any]


def read_phrases(path: Path) -> list[dict[str, Any]]:
    """The selected phrases, each with its judgment.

    Raises:
        InputError: a phrase has not been judged.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    for number, row in enumerate(rows, 1):
        if row.get("judged") not in (WRONG, RIGHT, UNCLEAR):
            raise InputError(
                f"{path}, line {number}: `judged` is {row.get('judged')!r}, expected {WRONG}, "
                f"{RIGHT} or {UNCLEAR}."
            )
    return rows


def studied_words(row: Phrase) -> tuple[int, int]:
    """The studied words as code points of the response: the longest new name, or the phrase.

    >>> row = {"response": "It is by Al Li.", "start": 0, "stop": 14, "new_names": ["Al", "Al Li"]}
    >>> studied_words(row), studied_words(row | {"new_names": ["Al"]})
    ((9, 14), (0, 14))
    """
    name = max(row["new_names"], key=len, default="")
    if len(name) < SHORTEST_NAME:
        return row["start"], row["stop"]
    start = row["response"].index(name, row["start"])
    return start, start + len(name)


def studied(rows: Sequence[Phrase], number: int = STUDIED, seed: int = SEED) -> list[Phrase]:
    """A random sample of the wrong phrases, in the order in which they are retrained."""
    wrong = [row for row in rows if row["judged"] == WRONG]
    return random.Random(seed).sample(wrong, min(number, len(wrong)))


def removals(chosen: Sequence[Phrase], instance_ids: Sequence[str], seed: int = SEED) -> list[str]:
    """The sources of the studied phrases, each once, and then random other instances."""
    sources = list(dict.fromkeys(row["instance_id"] for row in chosen))
    others = [one for one in instance_ids if one not in sources]
    return [*sources, *random.Random(seed).sample(others, RANDOM_REMOVALS)]


def write_cases(chosen: Sequence[Phrase], path: Path) -> None:
    """Write the input of `itlim leave-out`: the questions and the phrases of their answers."""
    # Quotes, not offsets: a model that is tuned again may word the rest of its answer differently.
    rows = [
        {"instruction": row["instruction"], "quotes": [row["response"][slice(*studied_words(row))]]}
        for row in chosen
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def write_wrong(rows: Sequence[Phrase], runs: Path, leave_out: Path, out: Path) -> int:
    """Write the studied words of the wrong phrases with their causes; returns their number.

    Args:
        rows: the judged phrases.
        runs: folder of the stored answers.
        leave_out: table of the study; without it, no cause is known.
        out: Parquet file (`GOLD_SCHEMA`).
    """
    stored = pq.read_table(runs / RUNS_FILE, columns=["run_id", "pair", "instruction", "response"])
    ids = {
        (row["instruction"], row["response"]): row["run_id"]
        for row in stored.to_pylist()
        if row["pair"] == _PAIR
    }
    causes = _causes(leave_out) if leave_out.exists() else {}
    marks = [
        {
            "run_id": ids[row["instruction"], row["response"]],
            "start": start,
            "stop": stop,
            "cause": causes.get((row["instruction"], row["response"], start, stop)),
        }
        for row in rows
        if row["judged"] == WRONG and (row["instruction"], row["response"]) in ids
        for start, stop in [studied_words(row)]
    ]
    pq.write_table(pa.Table.from_pylist(marks, schema=GOLD_SCHEMA), out, compression="zstd")
    return len(marks)


def _causes(path: Path) -> dict[tuple[Any, ...], str]:
    """The source of each phrase that disappears without it, if no other removal lowers it more."""
    columns = ["instruction", "response", "span_start", "span_stop"]
    rows = pq.read_table(path).to_pylist()
    found: dict[tuple[Any, ...], str] = {}
    for row in sorted(rows, key=lambda row: row["logp_drop"]):
        if len(row["instance_ids"]) == 1:
            place = tuple(row[name] for name in columns)
            found.pop(place, None)
            if row["phrase_gone"] and row["logp_drop"] > MIN_DROP:
                found[place] = row["instance_ids"][0]
    return found
