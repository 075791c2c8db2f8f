"""Findings of rephrasings, retrainings and leave-out studies: by hand, and against the tables."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_counterfactuals import case, counterfactual
from example_retrainings import experiment
from leave_out_rows import leave_out_row, leave_out_rows

from itlim.findings.answers import Answer
from itlim.findings.source_tests import left_out_findings, stored_test_findings
from itlim.records import Judged, JudgedQuestion, Recurrence, RecurringSpan
from itlim.settings import DEMO_FOLDER
from itlim.store.connection import Store
from itlim.store.counterfactuals import judge, save_case, save_counterfactual
from itlim.store.retrainings import save_retraining


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


def by_id(found):
    return {one.finding_id: one for one in found}


def test_without_tests_every_number_is_missing_with_its_reason(store):
    for one in stored_test_findings(store, "demo-sft"):
        assert (one.value, one.n) == (None, 0)
        assert "of this pair has been" in one.missing


def test_survival_counts_the_rephrasings_that_nobody_excluded(store):
    save_case(store, case())
    there = RecurringSpan(kind=Recurrence.FUZZY, start=0, stop=4, similarity=0.9)
    for number in (1, 2, 3):
        changes = {} if number == 1 else {"recurs": there}
        save_counterfactual(store, counterfactual(number, **changes))
    found = by_id(stored_test_findings(store, "demo-sft"))["rephrasing_survival"]
    assert (found.value, found.n) == (pytest.approx(200 / 3), 3)
    judge(store, f"{3:016x}", JudgedQuestion.KEPT, Judged.NO, by="ann")
    found = by_id(stored_test_findings(store, "demo-sft"))["rephrasing_survival"]
    assert (found.value, found.n) == (50, 2)
    judge(store, f"{3:016x}", JudgedQuestion.KEPT, Judged.YES, by="ann")
    assert by_id(stored_test_findings(store, "demo-sft"))["rephrasing_survival"].n == 3
    assert by_id(stored_test_findings(store, "other"))["rephrasing_survival"].n == 0


def answer(run_id, instruction):
    return Answer(run_id=run_id, instruction=instruction, response="x", tokens=pa.table({}))


def test_stored_tests_of_chosen_answers_are_counted_alone(store):
    save_case(store, case())
    save_counterfactual(store, counterfactual(1))
    save_retraining(store, experiment("a" * 16, chosen=-5.0, gone=True, controls=(-2.5,)))
    for pair, finding in (
        ("demo-sft", "rephrasing_survival"),
        ("tiny-sft", "retrained_gone_chosen"),
    ):
        (run_id,) = by_id(stored_test_findings(store, pair))[finding].cases
        mine, other = [answer(run_id, "")], [answer("f" * 16, "")]
        assert by_id(stored_test_findings(store, pair, mine))[finding].n == 1
        left = by_id(stored_test_findings(store, pair, other))[finding]
        assert (left.value, left.missing) == (
            None, "None of the chosen answers has been tested in this way.",
        )  # fmt: skip


def test_a_leave_out_study_is_limited_to_the_chosen_questions():
    tables = [("demo-sft", DEMO_FOLDER / "leave_out.parquet")]
    rows = pq.read_table(tables[0][1]).to_pylist()
    asked = next(
        row["instruction"]
        for row in rows
        if row["is_main"] and row["split"] == "test" and row["relation"] == "unique_verbatim"
    )
    everything = by_id(left_out_findings("demo-sft", tables))["left_out_gone_source"]
    one = by_id(left_out_findings("demo-sft", tables, [answer("a" * 16, asked)]))
    assert 0 < one["left_out_gone_source"].n < everything.n
    none = by_id(left_out_findings("demo-sft", tables, [answer("a" * 16, "Nothing?")]))
    assert "is among those chosen" in none["left_out_gone_source"].missing


def test_retrainings_by_hand(store):
    """The full model is at -2 nats."""
    save_retraining(store, experiment("a" * 16, chosen=-5.0, gone=True, controls=(-2.5, -1.9)))
    save_retraining(
        store,
        experiment("b" * 16, chosen=-2.5, gone=False, controls=(-2.2, -2.0), controls_gone=(1,)),
    )
    found = by_id(stored_test_findings(store, "tiny-sft"))
    values = {
        name: (round(one.value, 6), one.n)
        for name, one in found.items()
        if name.startswith("retrained")
    }
    assert values == {
        "retrained_gone_chosen": (50, 2),
        "retrained_drop_chosen": (1.75, 2),
        "retrained_gone_control": (25, 4),
        "retrained_drop_control": (0.15, 4),
    }


def test_a_phrase_of_a_study_counts_once_with_the_mean_of_its_removals(tmp_path):
    table = leave_out_rows(
        leave_out_row("a", "unique_verbatim", True, 6.0, question="Q1"),
        leave_out_row("a", "other", True, 0.4, ids=("demo-2",), question="Q1"),
        leave_out_row("a", "same_category", False, 0.2, ids=("demo-3",), question="Q1"),
        leave_out_row("b", "unique_verbatim", False, 2.0, question="Q2"),
        leave_out_row("b", "other", False, 0.0, ids=("demo-2",), question="Q2"),
        leave_out_row("b", "unique_verbatim", True, 9.0, main=False, question="Q2"),
        leave_out_row("c", "unique_verbatim", True, 9.0, split="dev", question="Q3"),
        leave_out_row("d", "verbatim", True, 9.0, question="Q4"),
        leave_out_row("d", "other", True, 9.0, ids=("demo-8", "demo-9"), question="Q4"),
    )
    path = tmp_path / "leave_out.parquet"
    pq.write_table(table, path)
    found = by_id(left_out_findings("mine", [("mine", path), ("x", tmp_path / "none.parquet")]))
    assert {name: (round(one.value, 6), one.n) for name, one in found.items()} == {
        "left_out_gone_source": (50, 2),
        "left_out_drop_source": (4, 2),
        "left_out_gone_control": (25, 2),
        "left_out_drop_control": (0.15, 2),
    }
    assert all(one.cases == () for one in found.values()), "the study's answers are no stored runs"
    assert by_id(left_out_findings("other", [("mine", path)]))["left_out_gone_source"].n == 0


def test_the_shipped_study_gives_its_plain_shares():
    path = DEMO_FOLDER / "leave_out.parquet"
    found = by_id(left_out_findings("demo-sft", [("demo-sft", path)]))["left_out_gone_source"]
    rows = pq.read_table(
        path,
        columns=["case_id", "seed", "phrase_gone"],
        filters=[
            ("split", "=", "test"), ("is_main", "=", True), ("relation", "=", "unique_verbatim"),
        ],
    ).to_pylist()  # fmt: skip
    assert len({(row["seed"], row["case_id"]) for row in rows}) == len(rows) == found.n
    assert found.value == pytest.approx(100 * sum(row["phrase_gone"] for row in rows) / len(rows))
    assert found.ci_low < found.value <= found.ci_high


def test_a_study_that_names_its_pair_belongs_to_it():
    path = DEMO_FOLDER.parent / "real" / "leave_out.parquet"
    found = by_id(left_out_findings("real-sft", [("whoever", path)]))
    assert found["left_out_gone_source"].n >= 4
    assert found["left_out_drop_source"].value > 5
    assert abs(found["left_out_drop_control"].value) < 0.2
