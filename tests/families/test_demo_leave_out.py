"""The committed table of leave-out effects is consistent, and retraining reproduces it."""

from collections import Counter

import pyarrow.compute as pc
import pytest

from itlim.causality.cases import holders, relation
from itlim.causality.leave_out.findings import leave_out_findings, read_leave_out
from itlim.causality.leave_out.study import RANDOM_INSTANCES, leave_out_table, write_leave_out
from itlim.families.demo.cases import FULL_SEED
from itlim.families.demo.leave_out import LEAVE_OUT_FILE, run
from itlim.families.demo.runs import read_rows
from itlim.schema import LEAVE_OUT
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import by_group


@pytest.fixture(scope="module")
def table():
    return read_leave_out(LEAVE_OUT_FILE)


@pytest.fixture(scope="module")
def instances():
    return read_rows(DEMO_FOLDER / "it_dataset.jsonl")


@pytest.fixture(scope="module")
def cases(table):
    """One row per case, with the columns that do not depend on the removal."""
    names = [
        name
        for name in LEAVE_OUT.names
        if name
        not in {
            "instance_ids", "relation", "logp_drop", "phrase_gone", "answer_changed",
            "becomes_correct",
        }
    ]  # fmt: skip
    return table.select(names).group_by(names, use_threads=False).aggregate([]).to_pylist()


def test_the_file_is_small_enough_to_commit():
    assert LEAVE_OUT_FILE.stat().st_size < 3_000_000


def test_a_case_is_one_wrong_phrase_of_one_answer_to_an_evaluation_question(cases):
    questions = {
        split: {row["instruction"]: row for row in read_rows(DEMO_FOLDER / f"eval_{split}.jsonl")}
        for split in ("dev", "test")
    }
    assert len({case["case_id"] for case in cases}) == len(cases)
    for case in cases:
        question = questions[case["split"]][case["instruction"]]
        assert case["response"][case["span_start"] : case["span_stop"]] == case["span_text"]
        assert case["case_id"] == f"{case['seed']}-{question['id']}-{case['attribute']}"
        assert case["category"] == question["category"]
        truth = question["attributes"] | {"answer": question["answer"]}
        assert case["span_text"].casefold() != truth[case["attribute"]].casefold()
        assert case["is_main"] == (case["attribute"] == "answer")


def test_each_seed_measures_the_same_removals_once_for_all_of_its_cases(table):
    for seed in (0, 1, 2):
        rows = table.filter(pc.field("seed") == seed)
        removals = Counter(map(tuple, rows["instance_ids"].to_pylist()))
        assert set(removals.values()) == {len(set(rows["case_id"].to_pylist()))}
        assert () not in removals
        singles = {ids[0] for ids in removals if len(ids) == 1}
        if seed == FULL_SEED:
            assert singles == {f"demo-{number}" for number in range(1, 406)}
        else:
            assert len(singles) > RANDOM_INSTANCES


def test_relations_and_holders_follow_from_the_dataset(table, cases, instances):
    responses = [row["output"] for row in instances]
    categories = [row["category"] for row in instances]
    holding = {case["case_id"]: holders(case["span_text"], responses) for case in cases}
    for case in cases:
        assert case["n_holders"] == len(holding[case["case_id"]])
    columns = ("case_id", "category", "instance_ids", "relation")
    for name, category, ids, found in zip(
        *(table[one].to_pylist() for one in columns), strict=True
    ):
        removed = frozenset(int(one.removeprefix("demo-")) - 1 for one in ids)
        assert relation(removed, holding[name], category, categories) == found


def test_the_sources_and_shared_groups_of_all_main_answers_were_removed(table, cases, instances):
    responses = [row["output"] for row in instances]
    removed = {
        seed: {
            frozenset(ids)
            for ids in table.filter(pc.field("seed") == seed)["instance_ids"].to_pylist()
        }
        for seed in (0, 1, 2)
    }
    for case in cases:
        if case["is_main"] and case["n_holders"]:
            sources = frozenset(
                f"demo-{index + 1}" for index in holders(case["span_text"], responses)
            )
            assert sources in removed[case["seed"]]


def test_the_effect_columns_are_consistent(table):
    def is_void(rows):
        return len(rows) == 0

    gone, changed = pc.field("phrase_gone"), pc.field("answer_changed")
    assert is_void(table.filter(gone & ~changed))
    assert is_void(table.filter(pc.field("becomes_correct") & ~changed))
    assert not pc.any(pc.is_nan(table["logp_drop"])).as_py()


def test_removing_the_only_source_removes_the_phrase_more_often_than_removing_others(table):
    for seed in (0, 1, 2):
        mine = leave_out_findings(table.filter(pc.field("seed") == seed))
        found = by_group(mine, "phrase_gone", "test")
        source = found["its only verbatim source"]
        other = found["an instance that does not contain it"]
        assert source.interval[0] > other.interval[1]


@pytest.mark.full
def test_retraining_here_gives_the_stored_effects_again(table, tmp_path, monkeypatch):
    """Only the removal with the largest effect; another kind of CPU may give other answers."""
    rows = table.filter((pc.field("seed") == 0) & (pc.field("relation") == "unique_verbatim"))
    strongest = rows.slice(pc.index(rows["logp_drop"], pc.max(rows["logp_drop"])).as_py(), 1)
    removal = frozenset(strongest["instance_ids"].to_pylist()[0])
    monkeypatch.setattr(
        "itlim.families.demo.leave_out.plan", lambda *_: [[frozenset(), removal]] * 4
    )
    (study,) = run(tmp_path / "work", [0])
    write_leave_out(leave_out_table([study]), tmp_path / "again.parquet")
    again = read_leave_out(tmp_path / "again.parquet")
    assert len(again) == len(study.cases)
    stored = {
        row["case_id"]: row
        for row in table.filter(pc.field("seed") == 0).to_pylist()
        if frozenset(row["instance_ids"]) == removal
    }
    shared = [row for row in again.to_pylist() if row["case_id"] in stored]
    assert len(shared) > 0.9 * len(stored)
    same = [row["phrase_gone"] == stored[row["case_id"]]["phrase_gone"] for row in shared]
    assert sum(same) > 0.9 * len(shared)
    target = next(row for row in shared if row["case_id"] == strongest["case_id"][0].as_py())
    assert target["logp_drop"] == pytest.approx(strongest["logp_drop"][0].as_py(), abs=0.5)
