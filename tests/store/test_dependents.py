"""What refers to runs, and what the user is told before they are deleted."""

import pytest
from example_runs import example_run

from itlim.store.connection import Store
from itlim.store.dependents import RunDependents, run_dependents, runs_of_pair
from itlim.store.runs import save_run


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "runs.duckdb") as opened:
        save_run(opened, example_run("a" * 16, pair="mine"))
        save_run(opened, example_run("b" * 16, pair="mine"))
        save_run(opened, example_run("c" * 16, pair="other"))
        yield opened


def add_item(store, item_id, run_id, *, marked=False):
    with store.writing() as cursor:
        cursor.execute(
            "INSERT INTO study_items VALUES ('s', ?, 0, 0, ?, '', '', '', '', [], [], true)",
            [item_id, run_id],
        )
        if marked:
            cursor.execute(
                "INSERT INTO annotation_events (event_id, study_id, item_id, annotator, version, "
                "kind, payload, client_time, stored_at, active_ms, tab, guideline_version) VALUES "
                "(?, 's', ?, 'ann', 1, 'add', '{}', '', now()::TIMESTAMP, 0, '', '1')",
                [item_id, item_id],
            )


def test_runs_of_a_pair_are_those_under_its_name(store):
    assert runs_of_pair(store, "mine") == ["a" * 16, "b" * 16]
    assert runs_of_pair(store, "nobody's") == []


def test_items_marks_and_comparisons_of_the_runs_alone_are_counted(store):
    add_item(store, "one", "a" * 16, marked=True)
    add_item(store, "two", "b" * 16)
    add_item(store, "three", "c" * 16, marked=True)
    with store.writing() as cursor:
        for item, first, second in (("x", "a", "c"), ("y", "c", "b"), ("z", "c", "c")):
            cursor.execute(
                "INSERT INTO comparisons VALUES ('s', ?, 0, '', '', ?, '', ?, '')",
                [item, first * 16, second * 16],
            )
    found = run_dependents(store, runs_of_pair(store, "mine"))
    assert (found.n_runs, found.n_items, found.n_marked, found.n_comparisons) == (2, 2, 1, 2)
    (sentence,) = found.sentences()
    assert "2 items of studies (1 marked) and 2 pairs of answers side by side refer" in sentence


def test_nothing_is_said_about_runs_that_nothing_refers_to(store):
    assert run_dependents(store, ["a" * 16]).sentences() == []


def test_one_dependent_is_singular():
    found = RunDependents(
        n_runs=1, n_items=0, n_marked=0, n_comparisons=0, n_rephrasings=1, n_retrainings=0
    )
    assert found.sentences()[0].startswith("1 rephrasing refers to them.")
