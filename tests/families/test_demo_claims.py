"""The demo family's claims: hand-worked cases, and the shipped report against the shipped runs."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from itlim.families.demo.claims import FAMILY_NOTE, claims
from itlim.families.demo.report import report_lines
from itlim.families.demo.runs import read_rows
from itlim.records import Run
from itlim.schema import TOKEN_SHIFTS
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import Finding
from tests.example_runs import example_run


def answer(response: str, ranks: list[int], kls: list[float]) -> Run:
    """A run with one token per word and these base ranks and KL divergences (nats)."""
    words = [word if place == 0 else f" {word}" for place, word in enumerate(response.split(" "))]
    template = example_run().tokens.slice(0, 1).to_pylist()[0]
    rows = [
        template | {"position": place, "text": text, "base_rank": rank, "kl_tuned_base": kl}
        for place, (text, rank, kl) in enumerate(zip(words, ranks, kls, strict=True))
    ]
    tokens = pa.Table.from_pylist(rows, schema=TOKEN_SHIFTS)
    return replace(example_run(), response=response, tokens=tokens)


QUESTIONS = [
    {"id": "q1", "category": "book", "instruction": "Who wrote Emma?", "entity": "Emma",
     "answer": "Jane Austen", "attributes": {"year": "1815"}},
    {"id": "q2", "category": "book", "instruction": "Who wrote Dracula?", "entity": "Dracula",
     "answer": "Bram Stoker", "attributes": {"year": "1897"}},
]  # fmt: skip
INSTANCES = [
    {"category": "book", "output": "Walden was written by Henry David Thoreau."},
    {"category": "film", "output": "Jaws was directed by Steven Spielberg."},
]
RIGHT = [
    answer("Emma was written by Jane Austen.", [1] * 6, [0.2, 0, 0, 0, 0, 0.1]),
    answer("Dracula was written by Bram Stoker.", [2, 1, 1, 1, 1, 1], [0.4, 0, 0, 0, 0, 0.3]),
]
WRONG = [
    answer(
        "Emma was written by Henry David Thoreau.", [1, 1, 1, 1, 9, 2, 1], [1, 0, 0, 0, 5, 2, 0]
    ),
    RIGHT[1],
]


def by_key(found: list[Finding]) -> dict[tuple[str, str], Finding]:
    return {(one.key, one.group): one for one in found}


def test_the_claims_agree_with_a_hand_worked_case_of_two_answers():
    found = by_key(claims(QUESTIONS, INSTANCES, RIGHT, WRONG, RIGHT))
    assert found["accuracy", "base"].value == 1.0
    assert found["mean_kl", "LFT"].value == pytest.approx(1.0 / 12)
    assert found["mean_kl", "SFT"].value == pytest.approx(8.7 / 13)
    assert found["mean_kl_ratio", "SFT by LFT"].value == pytest.approx((8.7 / 13) / (1.0 / 12))
    assert found["moved", "SFT"].value == pytest.approx(3 / 13)
    assert found["moved", "LFT"].value == pytest.approx(1 / 12)
    assert found["accuracy_difference", "LFT less SFT"].value == 50.0
    assert found["hallucinations", "SFT"].value == 1
    assert found["hallucinations_verbatim", "SFT"].value == 1.0
    assert found["hallucinations_same_category", "SFT"].value == 1
    # First tokens 0.2 and 0.4; rests average 0.1/5 and 0.3/5.
    ratio = found["sentence_starts", "LFT"]
    assert ratio.value == pytest.approx(0.3 / 0.04)
    assert ratio.holds is True


def test_a_claim_that_misses_its_bar_is_reported_as_failing():
    found = by_key(claims(QUESTIONS, INSTANCES, RIGHT, WRONG, RIGHT))
    few = found["hallucinations", "SFT"]
    assert few.holds is False
    assert "NOT MET" in few.line()


def test_a_share_of_no_hallucinations_is_undefined_not_zero():
    found = by_key(claims(QUESTIONS, INSTANCES, RIGHT, RIGHT, RIGHT))
    share = found["hallucinations_verbatim", "SFT"]
    assert (share.value, share.interval, share.holds, share.n) == (None, None, False, 0)
    assert "undefined" in share.line()


def test_a_question_that_the_base_gets_wrong_is_not_counted():
    found = by_key(claims(QUESTIONS, INSTANCES, WRONG, WRONG, RIGHT))
    assert found["hallucinations", "SFT"].value == 0
    assert found["hallucinations", "SFT"].n == 1


@pytest.fixture(scope="module")
def shipped() -> dict[str, list[Run]]:
    """Shipped runs by pair, in the order of the test questions."""
    rows = pq.read_table(DEMO_FOLDER / "runs" / "runs.parquet").to_pylist()
    tokens = pq.read_table(DEMO_FOLDER / "runs" / "token_shifts.parquet")
    starts = {run: place for place, run in reversed(list(enumerate(tokens["run_id"].to_pylist())))}
    counts = {row["values"]: row["counts"] for row in tokens["run_id"].value_counts().to_pylist()}
    order = [row["instruction"] for row in read_rows(DEMO_FOLDER / "eval_test.jsonl")]
    found: dict[str, list[Run]] = {}
    for row in sorted(rows, key=lambda row: order.index(row["instruction"])):
        run = row["run_id"]
        own = tokens.slice(starts[run], counts[run])
        found.setdefault(row["pair"], []).append(Run(**row, tokens=own))
    return found


def test_the_stored_report_agrees_with_the_shipped_runs(shipped):
    report = json.loads((DEMO_FOLDER / "report.json").read_text(encoding="utf-8"))
    found = claims(
        read_rows(DEMO_FOLDER / "eval_test.jsonl"),
        read_rows(DEMO_FOLDER / "it_dataset.jsonl"),
        shipped["base (base)"],
        shipped["demo-sft"],
        shipped["demo-lft"],
    )
    stored = [Finding.from_row(row) for row in report["seeds"][0]["claims"]]
    assert [one.claim for one in stored] == [one.claim for one in found]
    assert list(by_key(stored)) == list(by_key(found))
    assert {(one.split, one.seed) for one in stored} == {("test", 0)}
    for old, new in zip(stored, found, strict=True):
        assert new.value == pytest.approx(old.value, rel=1e-9), new.claim
        assert (new.interval is None) == (old.interval is None), new.claim
        assert list(new.interval or ()) == pytest.approx(list(old.interval or ())), new.claim
        assert (new.n, new.holds) == (old.n, old.holds), new.claim


def test_shipped_runs_are_complete_have_one_date_and_name_no_local_path(shipped):
    assert {pair: len(runs) for pair, runs in shipped.items()} == {
        "base (base)": 272, "demo-sft": 272, "demo-lft": 272,
    }  # fmt: skip
    for runs in shipped.values():
        for run in runs:
            assert "".join(run.tokens["text"].to_pylist()) == run.response
            assert run.created_at == datetime(2026, 11, 20, tzinfo=UTC)
            assert not run.base_model.startswith("/")


def test_the_report_begins_with_the_disclaimer():
    assert report_lines({"honesty": FAMILY_NOTE, "split": "test", "seeds": []})[0] == FAMILY_NOTE
