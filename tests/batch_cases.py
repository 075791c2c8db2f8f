"""Tiny pairs and instruction files for batches."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from tiny_models import full_pair, lora_pair

from itlim.batch.instructions import read_instructions
from itlim.batch.local import LocalWorkers
from itlim.batch.plan import BatchSettings
from itlim.batch.running import run_batch

QUESTIONS = (
    "Name a river.",
    "Who wrote Emma?",
    "Say it in Dutch, please, and then once more in Greek.",
    "Who?",
    "The Nile is a river in which the crocodile lives.",
    "Question: what lies on the Seine?",
    "Name the capital of France.",
)
MANY = tuple(
    f"{opening} {number}{' and its delta' * (number % 4)}?"
    for opening in ("Name river", "Who saw lake")
    for number in range(20)
)
"""Enough for a batch that something disturbs while it runs."""
MADE_ON = datetime(2026, 1, 1, tzinfo=UTC)
TOO_LONG = "river " * 200


def tiny_pair(folder, kind="full"):
    """A pair with a name, as in a library, and a prompt template without line breaks."""
    made = full_pair(folder, "qwen2") if kind == "full" else lora_pair(folder, "llama")
    return replace(made, name=f"tiny-{kind}", template="plain", dataset="toy")


def write_instructions(path: Path, questions=QUESTIONS, **columns) -> Path:
    rows = [
        {"instruction": question, **{name: values[at] for name, values in columns.items()}}
        for at, question in enumerate(questions)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def asked(folder, questions=QUESTIONS, **columns):
    return read_instructions(write_instructions(folder / "questions.jsonl", questions, **columns))


def answered(pairs, file, out, *, batch_size=3, max_new_tokens=8, workers=None, **options):
    """A batch with a fixed date, so that equal work gives equal files."""
    return run_batch(
        pairs,
        file,
        out,
        workers=workers or LocalWorkers(),
        settings=BatchSettings(max_new_tokens=max_new_tokens, batch_size=batch_size),
        created_at=MADE_ON,
        **options,
    )


def n_finished(out: Path) -> int:
    """Number of finished parts of a batch that may be running."""
    with suppress(FileNotFoundError):
        return sum(not path.name.endswith(".part") for path in (out / "parts").iterdir())
    return 0


def rows_of(out: Path, name: str) -> list[dict]:
    """The rows of a table of an output, in an order that does not depend on the file."""
    rows = pq.read_table(out / name).to_pylist()
    return sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))


def comparable(out):
    """All rows of an output; when a run was made does not count."""
    found = {
        name: rows_of(out, name)
        for name in ("runs.parquet", "token_shifts.parquet", "tags.parquet")
    }
    runs = [{**row, "created_at": None} for row in found["runs.parquet"]]
    return found | {"runs.parquet": sorted(runs, key=lambda row: row["run_id"])}


def library_file(path: Path, pairs) -> Path:
    """A library that names the pairs."""
    lines = []
    for pair in pairs:
        kind = "adapter" if pair.adapter else "tuned"
        lines.append(
            f'[pairs.{pair.name}]\nbase = "{pair.base.path}"\n'
            f'{kind} = "{pair.tuned_source.path}"\ntemplate = "{pair.template_name}"\n'
        )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
