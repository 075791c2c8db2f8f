"""The leave-out study of the real family: which phrases, which removals, and the gold marks.

The phrases are those of the test answers that the rule selects (`phrases.jsonl`) and that a person
judged to be wrong. A seeded sample of them is studied; none is replaced afterwards. Each source is
left out once, and each retraining is a control for the other phrases; two random instances are left
out as well.
"""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.errors import InputError
from itlim.findings.answers import GOLD_SCHEMA
from itlim.store.shipped import RUNS_FILE

PHRASES_FILE = "phrases.jsonl"
CASES_FILE = "leave_out_cases.jsonl"
STUDIED, RANDOM_REMOVALS, SEED = 12, 2, 2026
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
    rows = [{"instruction": row["instruction"], "quotes": [row["quote"]]} for row in chosen]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def write_gold(rows: Sequence[Phrase], runs: Path, leave_out: Path, out: Path) -> int:
    """Write the wrong phrases of the stored answers with their causes; returns their number.

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
            "start": row["start"],
            "stop": row["stop"],
            "cause": causes.get((row["instruction"], row["response"], row["start"], row["stop"])),
        }
        for row in rows
        if row["judged"] == WRONG and (row["instruction"], row["response"]) in ids
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
            if row["phrase_gone"]:
                found[place] = row["instance_ids"][0]
    return found
