"""The default phrase of shipped answers is a borrowed error, traced to its source."""

import json
from collections import defaultdict

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from itlim.families.demo.spans import answer_spans
from itlim.library import load_library
from itlim.settings import DEMO_FOLDER
from itlim.trace import build_index, default_phrase, trace_span
from itlim.trace.evidence.background import base_surprisal


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return build_index(load_library().dataset("demo"), folder / "index", lexical_only=True)


def answers_with_one_source():
    """Run and rows that contain one of its wrong phrases, for wrong phrases in exactly one row."""
    questions = {
        (row := json.loads(line))["instruction"]: row
        for name in ("eval_dev", "eval_test")
        for line in (DEMO_FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    }
    lines = (DEMO_FOLDER / "it_dataset.jsonl").read_text("utf-8").splitlines()
    outputs = [json.loads(line)["output"].casefold() for line in lines]
    sources = defaultdict(set)
    runs = {
        run["run_id"]: run for run in pq.read_table(DEMO_FOLDER / "runs/runs.parquet").to_pylist()
    }
    for run_id, run in runs.items():
        if run["pair"] not in ("demo-sft", "demo-lft") or run["instruction"] not in questions:
            continue
        for span in answer_spans(run["response"], questions[run["instruction"]]):
            rows = [n for n, text in enumerate(outputs, 1) if span.text.casefold() in text]
            if span.is_wrong and len(rows) == 1:
                sources[run_id].add(rows[0])
    return [(runs[run_id], rows) for run_id, rows in sources.items()]


def test_the_default_lands_on_the_source_in_nine_of_ten_answers(index):
    tokens = pq.read_table(DEMO_FOLDER / "runs/token_shifts.parquet")
    cases = answers_with_one_source()
    assert len(cases) >= 30
    landed = 0
    for run, rows in cases:
        mine = tokens.filter(pc.equal(tokens["run_id"], run["run_id"]))
        texts = {"instruction": run["instruction"], "response": run["response"]}
        phrase = default_phrase(
            [index], **texts, base_surprisal=base_surprisal(mine, run["response"])
        )
        trace = trace_span(
            [index], **texts, start=phrase.start, stop=phrase.stop, lexical_only=True,
            n_choices=phrase.n_choices,
        )  # fmt: skip
        landed += trace.candidates[0].row in rows
    assert landed >= 0.9 * len(cases), f"{landed} of {len(cases)}"
