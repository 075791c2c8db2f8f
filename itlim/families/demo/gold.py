"""Wrong phrases of the stored answers by the family's own facts, for the findings."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.families.demo.leave_out import LEAVE_OUT_FILE
from itlim.families.demo.runs import PAIRS, read_rows
from itlim.families.demo.spans import answer_spans
from itlim.findings.known import GOLD_FILE, GOLD_SCHEMA
from itlim.library.families import SHIPPED_SEED
from itlim.settings import DEMO_FOLDER
from itlim.store.shipped import RUNS_FILE


def write_gold(folder: Path = DEMO_FOLDER, leave_out: Path = LEAVE_OUT_FILE) -> int:
    """Write the wrong phrases of all stored answers; returns their number.

    The cause of a phrase is the single instance without which the retrained model no longer says
    it; of several, the one whose removal lowers the phrase's log-probability most.
    """
    questions = {
        row["instruction"]: row
        for name in ("eval_dev.jsonl", "eval_test.jsonl")
        for row in read_rows(folder / name)
    }
    causes = _causes(leave_out)
    rows = []
    stored = [folder / name / RUNS_FILE for name in ("runs", "variants")]
    columns = ["run_id", "instruction", "response", "tuning", "pair"]
    runs = [
        run
        for path in stored
        if path.exists()
        for run in pq.read_table(path, columns=columns).to_pylist()
    ]
    for run in runs:
        question = questions.get(run["instruction"])
        for span in answer_spans(run["response"], question) if question else ():
            if span.is_wrong:
                place = (run["instruction"], run["response"], span.char_start, span.char_stop)
                cause = causes.get(place) if run["pair"] == PAIRS[0] else None
                row = {"run_id": run["run_id"], "start": span.char_start, "stop": span.char_stop}
                rows.append(row | {"cause": cause})
    table = pa.Table.from_pylist(rows, schema=GOLD_SCHEMA)
    pq.write_table(table, folder / GOLD_FILE, compression="zstd")
    return len(rows)


def _causes(path: Path) -> dict[tuple[Any, ...], str]:
    """The single instance without which a phrase is gone, by question, answer and place."""
    columns = ["instruction", "response", "span_start", "span_stop", "instance_ids", "logp_drop"]
    chosen = [("seed", "==", SHIPPED_SEED), ("phrase_gone", "==", True)]
    rows = pq.read_table(path, columns=columns, filters=chosen).to_pylist()
    found: dict[tuple[Any, ...], str] = {}
    for row in sorted(rows, key=lambda row: row["logp_drop"]):
        if len(row["instance_ids"]) == 1:
            found[tuple(row[name] for name in columns[:4])] = row["instance_ids"][0]
    return found
