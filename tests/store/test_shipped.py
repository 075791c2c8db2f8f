import pytest

from itlim.store.batches import tags_by_run, tasks_by_run
from itlim.store.connection import Store
from itlim.store.runs import count_runs, delete_runs, load_run, save_run
from itlim.store.shipped import load_shipped_runs, ship_runs, ship_tags
from tests.example_runs import example_run

ONE, TWO, THREE = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


def demo_run(run_id, **changes):
    return example_run(run_id, origin="demo", **changes)


def test_shipped_runs_are_written_again_as_the_same_bytes(store, tmp_path):
    runs = [demo_run(TWO), demo_run(ONE, max_new_tokens=None)]
    ship_runs(runs, tmp_path / "one")
    assert load_shipped_runs(store, [tmp_path / "one"]) == 2
    ship_runs([load_run(store, run.run_id) for run in runs], tmp_path / "two")
    for name in ("runs.parquet", "token_shifts.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_runs_that_the_user_deleted_are_reloaded_only_on_request(store, tmp_path):
    ship_runs([demo_run(ONE), demo_run(TWO)], tmp_path / "runs")
    assert load_shipped_runs(store, [tmp_path / "runs"]) == 2
    delete_runs(store, [ONE])
    assert load_shipped_runs(store, [tmp_path / "runs"]) == 0
    assert count_runs(store) == 1
    assert load_shipped_runs(store, [tmp_path / "runs"], reload=True) == 1


def test_a_new_set_replaces_the_old_one_and_keeps_other_runs(store, tmp_path):
    save_run(store, example_run(THREE))
    ship_runs([demo_run(ONE)], tmp_path / "old")
    ship_runs([demo_run(TWO)], tmp_path / "new")
    load_shipped_runs(store, [tmp_path / "old"])
    assert load_shipped_runs(store, [tmp_path / "new"]) == 1
    assert load_run(store, ONE) is None
    assert load_run(store, TWO).tokens.num_rows == demo_run(TWO).tokens.num_rows
    assert load_run(store, THREE) is not None
    with store.reading() as cursor:
        left = cursor.execute("SELECT count(DISTINCT run_id) FROM token_shifts").fetchone()[0]
    assert left == 2


def test_a_missing_folder_loads_nothing(store, tmp_path):
    assert load_shipped_runs(store, [tmp_path / "nowhere"]) == 0


def test_the_sets_of_several_families_do_not_replace_each_other(store, tmp_path):
    ship_runs([demo_run(ONE)], tmp_path / "first")
    ship_runs([demo_run(TWO)], tmp_path / "second")
    ship_runs([demo_run(THREE)], tmp_path / "changed")
    assert load_shipped_runs(store, [tmp_path / "first"]) == 1
    assert load_shipped_runs(store, [tmp_path / "first", tmp_path / "second"]) == 1
    delete_runs(store, [ONE])
    assert load_shipped_runs(store, [tmp_path / "first", tmp_path / "changed"]) == 1
    assert load_run(store, ONE) is None, "deleted by the user"
    assert load_run(store, TWO) is None, "no family ships it any more"
    assert load_run(store, THREE) is not None


def test_tags_are_loaded_with_their_runs_but_not_for_runs_that_were_deleted(store, tmp_path):
    runs = [demo_run(ONE, instruction="One?"), demo_run(TWO, instruction="Two?")]
    ship_runs(runs, tmp_path / "runs")
    assert load_shipped_runs(store, [tmp_path / "runs"]) == 2
    delete_runs(store, [ONE])
    assert ship_tags(tmp_path / "runs", {"Two?": ("2", "qa", None), "One?": ("1", "qa", "x")}) == 2
    assert load_shipped_runs(store, [tmp_path / "runs"]) == 1, "a set with tags is a new set"
    delete_runs(store, [ONE])
    load_shipped_runs(store, [tmp_path / "runs"])
    assert tags_by_run(store) == {TWO: frozenset({"task: qa"})}
    assert tasks_by_run(store) == {TWO: "qa"}
