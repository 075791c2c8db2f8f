import threading
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from itlim.errors import NotFoundError, StoreError
from itlim.ids import response_run_id
from itlim.records import REPHRASED_ORIGIN
from itlim.schema import RUNS, TOKEN_SHIFTS, DecodingMode
from itlim.store.connection import Store
from itlim.store.runs import (
    count_runs,
    delete_runs,
    list_runs,
    load_answers,
    load_measured,
    load_run,
    load_tokens,
    require_run,
    save_responses,
    save_run,
    save_runs,
)
from tests.example_runs import example_response, example_run


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "folder" / "itlim.duckdb") as opened:
        yield opened


def test_a_run_is_read_back_unchanged(store):
    run = example_run()
    save_run(store, run)
    loaded = load_run(store, run.run_id)
    assert loaded.row() == run.row()
    assert loaded.tokens.equals(run.tokens)
    assert loaded.tokens.schema.equals(TOKEN_SHIFTS, check_metadata=True)
    assert "".join(loaded.tokens["text"].to_pylist()) == loaded.response


def test_saving_the_same_run_twice_changes_nothing(store):
    first = example_run()
    save_run(store, first)
    save_run(store, example_run(created_at=datetime(2027, 1, 1, tzinfo=UTC)))
    assert count_runs(store) == 1
    assert load_run(store, first.run_id).created_at == first.created_at
    assert load_run(store, first.run_id).tokens.num_rows == first.tokens.num_rows


def test_a_failed_save_leaves_nothing_behind(store):
    run = example_run()
    broken = run.tokens.slice(0, 2).set_column(2, "token_id", pa.array([1, None], pa.int32()))
    with pytest.raises(Exception, match=r"(?i)not null|constraint"):
        save_runs(store, pa.Table.from_pylist([run.row()], schema=RUNS), broken)
    assert count_runs(store) == 0
    save_run(store, run)
    assert load_run(store, run.run_id).tokens.num_rows == run.tokens.num_rows


def test_columns_in_another_order_are_rejected(store):
    run = example_run()
    swapped = run.tokens.select(run.tokens.schema.names[::-1])
    with pytest.raises(StoreError, match="expected"):
        save_runs(store, pa.Table.from_pylist([run.row()], schema=RUNS), swapped)


def test_the_error_for_a_missing_run_states_possible_causes(store):
    assert load_run(store, "nope") is None
    with pytest.raises(NotFoundError, match="'nope'"):
        require_run(store, "nope")


def test_runs_are_listed_newest_first_with_counts_without_the_end_token(store):
    save_run(store, example_run("a" * 16))
    save_run(store, example_run("b" * 16, created_at=datetime(2027, 1, 1, tzinfo=UTC), pair="x"))
    rows = list_runs(store).to_pylist()
    assert [row["run_id"][0] for row in rows] == ["b", "a"]
    # Ranks 1 1 2 3 5 7 10 (then the end token): two unshifted, two marginal, three shifted.
    assert (rows[0]["n_tokens"], rows[0]["n_marginal"], rows[0]["n_shifted"]) == (7, 2, 3)
    assert rows[0]["mean_kl"] == pytest.approx(0.3)
    assert [row["run_id"][0] for row in list_runs(store, pairs=["x"]).to_pylist()] == ["b"]
    assert list_runs(store, search="CAFÉ").num_rows == 2
    assert list_runs(store, search="100%_").num_rows == 0
    assert list_runs(store, limit=1).num_rows == 1


def test_deleting_a_run_deletes_its_tokens(store):
    save_run(store, example_run("a" * 16))
    save_run(store, example_run("b" * 16))
    assert delete_runs(store, ["a" * 16, "unknown"]) == 1
    assert count_runs(store) == 1
    with store.reading() as cursor:
        assert cursor.execute("SELECT DISTINCT run_id FROM token_shifts").fetchall() == [
            ("b" * 16,)
        ]


def test_simultaneous_writers_lose_and_duplicate_nothing(store):
    def write(worker: int) -> None:
        for number in range(10):
            # Half of the ids are shared between the writers.
            owner = worker if number % 2 else 0
            save_run(store, example_run(f"{owner:08d}{number:08d}"))

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_runs(store) == 4 * 5 + 5
    with store.reading() as cursor:
        rows = cursor.execute("SELECT count(*) FROM token_shifts GROUP BY run_id").fetchall()
    assert {row[0] for row in rows} == {example_run().tokens.num_rows}


def test_token_rows_of_a_pair_are_ordered_by_run_and_position(store):
    save_run(store, example_run("b" * 16))
    save_run(store, example_run("a" * 16))
    save_run(store, example_run("c" * 16, pair="other"))
    save_run(store, example_run("d" * 16, origin="demo"))
    rows = load_tokens(store, pair="demo-sft", origin="live", columns=["run_id", "position"])
    per_run = example_run().tokens.num_rows
    assert rows.to_pylist() == [
        {"run_id": name * 16, "position": place} for name in "ab" for place in range(per_run)
    ]


def test_an_unknown_token_column_is_rejected(store):
    with pytest.raises(StoreError, match="'nope'"):
        load_tokens(store, pair="x", origin="live", columns=["run_id", "nope"])


def test_answers_to_rephrased_questions_are_listed_only_on_request(store):
    save_run(store, example_run("a" * 16))
    save_run(store, example_run("b" * 16, origin="counterfactual"))
    assert [row[0] for row in list_runs(store)["run_id"].to_pylist()] == ["a"]
    assert list_runs(store, with_rephrased=True).num_rows == 2


def test_the_answers_of_a_pair_are_what_its_tuned_model_wrote(store):
    run = example_run()
    save_run(store, run)
    save_run(store, replace(run, run_id="pasted", decoding=DecodingMode.PASTED))
    save_run(store, replace(run, run_id="rephrased", origin=REPHRASED_ORIGIN))
    save_run(store, replace(run, run_id="other", pair="another pair"))
    expected = {"instruction": run.instruction, "input": run.input, "response": run.response}
    assert load_answers(store, run.pair).to_pylist() == [expected]


def test_an_answer_without_models_is_read_back_unchanged_and_has_no_measures(store):
    save_run(store, example_response())
    assert load_run(store, example_response().run_id) == example_response()
    assert load_measured(store, example_response().run_id) is None
    (row,) = list_runs(store).to_pylist()
    counts = ("n_tokens", "n_marginal", "n_shifted", "mean_kl")
    assert [row[name] for name in counts] == [None] * 4
    assert row["response"] == example_response().response


def test_importing_the_same_answers_again_adds_only_the_new_ones(store):
    first, second = example_response(), example_response(run_id="other", response="Nobody.")
    assert save_responses(store, [first]) == 1
    assert save_responses(store, [first, second]) == 1
    assert count_runs(store) == 2
    assert delete_runs(store, [first.run_id]) == 1


def test_answers_without_models_are_answers_of_their_model(store):
    save_run(store, example_response())
    save_run(store, example_run())
    one = example_response()
    expected = {"instruction": one.instruction, "input": one.input, "response": one.response}
    assert load_answers(store, one.pair).to_pylist() == [expected]
    assert load_tokens(store, pair=one.pair, origin=one.origin, columns=["run_id"]).num_rows == 0


@given(
    st.builds(
        example_response,
        pair=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9),
        instruction=st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
        input=st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
        response=st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    )
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_of_an_answer_without_models_is_stored_exactly(store, run):
    run = replace(run, run_id=response_run_id(run.pair, run.instruction, run.input, run.response))
    save_run(store, run)
    assert load_run(store, run.run_id) == run
