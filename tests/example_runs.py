"""Hand-made runs for tests without a model: difficult text, unequal numbers."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.ids import response_run_id
from itlim.library import load_library
from itlim.records import ResponseRun, Run, Thresholds
from itlim.schema import TOKEN_SHIFTS, TuningKind
from itlim.settings import DEMO_FOLDER
from itlim.store.shipped import RUNS_FILE

FEATURED_RUN = (DEMO_FOLDER / "runs" / "featured.txt").read_text(encoding="utf-8").strip()
"""Id of a stored answer of the demo family: a wrong name, copied from demo-156."""

TEXTS = ["The", " <b>café", "\r\n", "👩‍🚀", "", "ab", " &amp;", ""]


def example_run(run_id: str = "0123456789abcdef", **changes: object) -> Run:
    """A run of seven tokens and an EOS token; keyword arguments replace its columns."""
    columns = {
        "run_id": run_id,
        "created_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "pair": "demo-sft",
        "base_model": "/models/base",
        "base_hash": "b" * 64,
        "tuned_model": "/models/sft",
        "tuned_hash": "t" * 64,
        "tuning": "full",
        "dtype": "float32",
        "template": "alpaca-short",
        "instruction": "Who painted the “Mona Lisa”?\nSay it in one line.",
        "input": "",
        "prompt": "### Instruction:\nWho painted the “Mona Lisa”?\n\n### Response:\n",
        "prompt_token_ids": [1, 2, 3],
        "response": "".join(TEXTS),
        "decoding": "greedy",
        "max_new_tokens": 256,
        "finish_reason": "end_of_sequence",
        "marginal_above": 1,
        "shifted_above": 3,
        "top_k": 2,
        "origin": "live",
        "itlim_version": "0.1.0",
    }
    return Run(**(columns | changes), tokens=example_tokens(run_id))


def example_tokens(run_id: str) -> pa.Table:
    thresholds = Thresholds()
    rows = []
    offset = 0
    for position, text in enumerate(TEXTS):
        rank = 1 + position * position // 4
        top = [
            {"token_id": 10 + position, "text": text or "·", "prob": 0.5 + position / 100},
            {"token_id": 99, "text": " other", "prob": 0.25},
        ]
        rows.append(
            {
                "run_id": run_id,
                "position": position,
                "token_id": 10 + position,
                "text": text,
                "char_start": offset,
                "char_stop": offset + len(text),
                "is_eos": position == len(TEXTS) - 1,
                "tuned_argmax_id": 10 + position,
                "base_rank": rank,
                "base_prob": 0.9 / rank,
                "tuned_prob": 0.5 + position / 100,
                "emitted_rank": rank,
                "emitted_prob": 0.9 / rank,
                "emitted_tuned_prob": 0.5 + position / 100,
                "category": str(thresholds.category(rank)),
                "kl_tuned_base": 0.1 * position,
                "kl_base_tuned": 0.07 * position,
                "js": 0.01 * position,
                "base_entropy": 1.5,
                "tuned_entropy": 0.5,
                "top_base": top[::-1],
                "top_tuned": top,
            }
        )
        offset += len(text)
    return pa.Table.from_pylist(rows, schema=TOKEN_SHIFTS)


def example_response(**changes: object) -> ResponseRun:
    """An answer imported without its models; keyword arguments replace its columns."""
    columns = {
        "created_at": datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=UTC),
        "pair": "tern-7b",
        "instruction": "Who founded the invented company?",
        "input": "",
        "response": "It was founded by Tony and Maureen Wheeler. 👩‍🚀 <b>café</b>",
        "origin": "responses",
        "itlim_version": "0.1.0",
    }
    columns |= changes
    texts = (columns[name] for name in ("pair", "instruction", "input", "response"))
    return ResponseRun(**({"run_id": response_run_id(*texts)} | columns))


def first_visit() -> tuple[str, str, str]:
    """Id and response of the run that a first visit shows, and the base model's own answer."""
    folder = next(one for one in load_library().families.values() if one.featured.exists())
    run_id = folder.featured.read_text(encoding="utf-8").strip()
    rows = pq.read_table(
        folder.runs / RUNS_FILE, columns=["run_id", "instruction", "tuning", "response"]
    ).to_pylist()
    run = next(row for row in rows if row["run_id"] == run_id)
    base = next(
        row
        for row in rows
        if row["instruction"] == run["instruction"] and row["tuning"] == TuningKind.NONE
    )
    return run_id, run["response"], base["response"]
