"""Stamps change with what is stored, even if the number of rows does not."""

import pytest
from example_counterfactuals import case, counterfactual

from itlim.records import Judged, JudgedQuestion
from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.batches import save_batch
from itlim.store.connection import Store
from itlim.store.counterfactuals import judge, save_case, save_counterfactual
from itlim.store.runs import delete_runs, save_run
from itlim.store.stamps import data_stamp, findings_stamp
from tests.example_runs import example_run


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


@pytest.mark.parametrize("stamp", [data_stamp, findings_stamp])
def test_a_run_in_place_of_another_one_changes_the_stamp(store, stamp):
    empty = stamp(store)
    save_run(store, example_run("a" * 16))
    one = stamp(store)
    delete_runs(store, ["a" * 16])
    save_run(store, example_run("b" * 16))
    assert len({empty, one, stamp(store)}) == 3
    delete_runs(store, ["b" * 16])
    assert stamp(store) == empty


@pytest.mark.parametrize("stamp", [data_stamp, findings_stamp])
def test_another_tag_of_the_same_item_changes_the_stamp(store, stamp):
    save_run(store, example_run("a" * 16))
    seen = set()
    for task in ("qa", "writing"):
        row = {"run_id": "a" * 16, "item": "1", "task": task, "topic": None}
        tags = RUN_TAGS.empty_table().from_pylist([row], schema=RUN_TAGS)
        nothing = (RUNS.empty_table(), TOKEN_SHIFTS.empty_table())
        save_batch(store, *nothing, tags, RUN_PHRASES.empty_table())
        seen.add(stamp(store))
    assert len(seen) == 2


def test_tests_of_sources_and_judgments_about_them_change_the_stamp(store):
    seen = [findings_stamp(store)]
    save_case(store, case())
    save_counterfactual(store, counterfactual(1))
    seen.append(findings_stamp(store))
    for _ in range(2):  # the same judgment again is another row
        judge(store, f"{1:016x}", JudgedQuestion.KEPT, Judged.NO, by="ann")
        seen.append(findings_stamp(store))
    assert len(set(seen)) == len(seen)
