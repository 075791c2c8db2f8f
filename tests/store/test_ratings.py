"""Ratings of judging models in the database."""

import duckdb
import pyarrow as pa
import pytest
from example_ratings import (
    RATED_AT,
    all_scores,
    preference,
    preferences_table,
    rating,
    ratings_table,
)
from example_runs import example_response, example_run

from itlim.errors import StoreError
from itlim.records.ratings import JUDGE_PREFERENCES, JUDGE_QUOTES, JUDGE_RATINGS
from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.backup import make_backup
from itlim.store.batches import save_batch
from itlim.store.connection import Store
from itlim.store.dependents import run_dependents
from itlim.store.ratings import (
    load_preferences,
    load_ratings,
    quotes_of,
    ratable_answers,
    rated_runs,
    raters,
    save_preferences,
    save_quotes,
    save_ratings,
)
from itlim.store.runs import delete_runs, save_run

PROMPT = "paper-figure-11/1"


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def loaded(store, judge="m"):
    return load_ratings(store, judge, PROMPT).to_pylist()


def test_a_rating_is_read_back_with_all_its_columns(store):
    row = rating(depth=4, depth_reason="thin 👩‍🚀", raw='{"depth": 4}', task="math")
    assert save_ratings(store, ratings_table(row)) == 1
    assert loaded(store) == [row]
    assert loaded(store)[0]["rated_at"] == RATED_AT
    assert load_ratings(store, "m", PROMPT).schema.equals(JUDGE_RATINGS)


def test_a_failure_or_a_poorer_rating_never_replaces_a_score(store):
    save_ratings(store, ratings_table(rating(depth=4, clarity=3)))
    assert save_ratings(store, ratings_table(rating(depth=1))) == 0
    assert save_ratings(store, ratings_table(rating(raw=None))) == 0
    assert loaded(store)[0]["depth"] == 4
    assert save_ratings(store, ratings_table(rating(**all_scores(2)))) == 1
    assert [row["status"] for row in loaded(store)] == ["complete"]


def test_a_failed_rating_is_replaced_and_counts_as_not_rated(store):
    save_ratings(store, ratings_table(rating()))
    assert rated_runs(store, "m", PROMPT) == set()
    save_ratings(store, ratings_table(rating(depth=1)))
    assert rated_runs(store, "m", PROMPT) == {"0123456789abcdef"}


@pytest.mark.parametrize("columns", [{"depth": 6}, {"depth": 0}, {"depth": 3, "status": "failed"}])
def test_the_database_itself_refuses_scores_that_cannot_be(store, columns):
    with pytest.raises(duckdb.ConstraintException):
        save_ratings(store, ratings_table(rating(**columns)))
    assert loaded(store) == []


def test_judges_and_prompts_are_kept_apart(store):
    rows = [rating(depth=1), rating(depth=5, judge="n"), rating("b" * 16, depth=2, judge="n")]
    save_ratings(store, ratings_table(*rows))
    assert [(one.judge, one.n) for one in raters(store)] == [("n", 2), ("m", 1)]
    assert [row["depth"] for row in loaded(store)] == [1]
    assert load_ratings(store, "n", PROMPT, ["other"]).num_rows == 0


def test_other_columns_are_refused(store):
    with pytest.raises(StoreError, match="do not fit"):
        save_ratings(store, pa.table({"run_id": ["a"]}))


def test_the_tag_of_a_run_is_the_task_of_its_rating(store):
    run = example_run()
    tags = pa.Table.from_pylist([{"run_id": run.run_id, "item": "1", "task": "coding"}],
                                schema=RUN_TAGS)  # fmt: skip
    runs = pa.Table.from_pylist([run.row()], schema=RUNS)
    save_batch(store, runs, run.tokens, tags, RUN_PHRASES.empty_table())
    assert run.tokens.schema.names == TOKEN_SHIFTS.names
    save_ratings(store, ratings_table(rating(depth=1), rating("b" * 16, depth=1, task="math")))
    assert {row["run_id"]: row["task"] for row in loaded(store)} == {
        run.run_id: "coding",
        "b" * 16: "math",
    }
    assert ratable_answers(store, [run.pair])[0].task == "coding"


def test_a_backup_has_the_ratings(store):
    save_ratings(store, ratings_table(rating(depth=4)))
    backup = make_backup(store)
    with Store(backup.path) as copy:
        assert loaded(copy) == loaded(store)


def test_deleting_a_run_names_and_deletes_what_was_said_about_it(store):
    save_run(store, example_run())
    run_id = example_run().run_id
    save_ratings(store, ratings_table(rating(depth=4), rating("b" * 16, depth=2)))
    save_preferences(store, preferences_table(preference(run_id, "x", "tie")))
    quote = {"run_id": run_id, "judge": "m", "prompt_version": "q", "start": 0, "stop": 3}
    quotes = [quote | {"quote": "The", "reason": "r", "rated_at": RATED_AT}]
    save_quotes(store, "m", [run_id], pa.Table.from_pylist(quotes, schema=JUDGE_QUOTES))
    assert quotes_of(store, run_id) == [(0, 3, "m", "r")]
    assert run_dependents(store, [run_id]).sentences() == [
        "1 rating by a judge will be deleted with them."
    ]
    delete_runs(store, [run_id])
    assert [row["run_id"] for row in loaded(store)] == ["b" * 16]
    assert load_preferences(store, "one", "two").num_rows == 0
    assert quotes_of(store, run_id) == []


def test_the_same_questions_of_all_pairs_come_first_and_only_the_newest_answers(store):
    questions = [f"Question {number}?" for number in range(6)]
    for pair in ("one", "two"):
        for question in questions:
            save_run(store, example_response(pair=pair, instruction=question, response="old"))
    late = example_response().created_at.replace(year=2027)
    save_run(store, example_response(pair="one", instruction=questions[0], response="new",
                                     created_at=late))  # fmt: skip
    found = ratable_answers(store, ["one", "two"])
    assert len(found) == 12
    order = {
        pair: [one.instruction for one in found if one.pair == pair] for pair in ("one", "two")
    }
    assert order["one"] == order["two"] != questions
    newest = [one.response for one in found
              if one.pair == "one" and one.instruction == questions[0]]  # fmt: skip
    assert newest == ["new"]


def test_quotes_of_an_answer_are_replaced_also_by_none(store):
    quote = {"run_id": "a", "judge": "m", "prompt_version": "q", "start": 0, "stop": 3}
    rows = [quote | {"quote": "The", "reason": "", "rated_at": None}]
    table = pa.Table.from_pylist(rows, schema=JUDGE_QUOTES)
    save_quotes(store, "m", ["a"], table)
    save_quotes(store, "n", ["a"], JUDGE_QUOTES.empty_table())
    assert len(quotes_of(store, "a")) == 1
    save_quotes(store, "m", ["a"], JUDGE_QUOTES.empty_table())
    assert quotes_of(store, "a") == []


def test_a_preference_without_a_verdict_replaces_nothing(store):
    save_preferences(store, preferences_table(preference("a", "b", "first")))
    failed = preference("a", "b", None, problem="no answer")
    save_preferences(store, preferences_table(failed, preference("c", "d", None)))
    found = load_preferences(store, "two", "one")
    assert found.schema.equals(JUDGE_PREFERENCES)
    assert [row["preference"] for row in found.to_pylist()] == ["first", None]
