"""The Findings page on the shipped runs and on stored ones."""

import time

import pyarrow as pa
import pytest
from app_pages import open_app, plain_texts, texts
from example_runs import example_response, example_run

from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.batches import save_batch
from itlim.store.connection import Store
from itlim.store.runs import save_run

WAIT_SECONDS = 90


def finished(**query):
    """The page after its computation has ended."""
    app = open_app("findings", **query)
    until = time.monotonic() + WAIT_SECONDS
    while not app.dataframe and not app.error and time.monotonic() < until:
        time.sleep(0.5)
        app.run()
    assert not app.exception
    return app


@pytest.fixture
def two_runs(home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run("0123456789abcdef", pair="mine", instruction="One?"))
        save_run(store, example_run("fedcba9876543210", pair="mine", instruction="Two?"))


def test_every_claim_of_a_pair_has_its_number_or_says_what_is_missing(two_runs):
    app = finished(pairs="mine")
    assert len(app.dataframe) == 6, "five sections and the moved tokens"
    first = app.dataframe[0].value
    assert set(first["pair"]) == {"mine"}
    assert first["value"].notna().all()
    marked = app.dataframe[4].value
    assert marked["value"].isna().all()
    assert marked["n"].str.contains("no index").any()
    labels = [one.label for one in app.get("download_button")]
    assert labels == ["CSV", "Parquet", "JSON"]


def test_a_selected_number_shows_its_query_and_its_cases(two_runs):
    app = finished(pairs="mine")
    app.session_state["findings_table_0"] = {"selection": {"rows": [3], "columns": []}}
    app.run()
    assert "avg(kl_tuned_base)" in texts(app.code)
    assert [one.label for one in app.button if one.label == "Open"] == ["Open", "Open"]
    assert "mean over all tokens" in plain_texts(app)


def test_without_a_pair_the_page_asks_for_one(two_runs):
    app = finished(pairs="mine")
    app.multiselect(key="findings_pairs").set_value([]).run()
    assert "Choose a pair" in texts(app.info)


def test_answers_without_token_measures_are_counted_and_left_out(two_runs, home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_response(pair="mine"))
        save_run(store, example_response())
    app = finished(pairs="mine")
    assert "mine: 1 of 3 answers without token measures" in plain_texts(app)
    assert app.dataframe[0].value["n"].str.startswith("14 tokens").any()
    alone = finished(pairs="tern-7b")
    shift = alone.dataframe[0].value
    assert shift["value"].isna().all()
    assert shift["n"].str.contains("has token measures").all()


def test_two_pairs_are_compared_on_their_shared_instructions(two_runs, home):
    with Store(home / "itlim.duckdb") as store:
        for number, instruction in enumerate(("One?", "Two?", "Three?")):
            save_run(store, example_run(f"{number:016x}", pair="other", instruction=instruction))
    app = finished(pairs="mine,other", versus="other,mine")
    assert app.selectbox(key="first_pair").value == "other"
    assert "On 2 shared instructions" in texts(app.info)
    app.selectbox(key="second_pair").set_value("other").run()
    assert "Choose two different pairs" in texts(app.info)


def test_the_findings_of_one_topic_count_only_its_answers(two_runs, home):
    with Store(home / "itlim.duckdb") as store:
        tags = [
            {"run_id": "0123456789abcdef", "item": "1", "task": "qa", "topic": "lakes"},
            {"run_id": "fedcba9876543210", "item": "2", "task": "qa", "topic": None},
        ]
        nothing = (RUNS.empty_table(), TOKEN_SHIFTS.empty_table())
        table = pa.Table.from_pylist(tags, schema=RUN_TAGS)
        save_batch(store, *nothing, table, RUN_PHRASES.empty_table())
    app = finished(pairs="mine", tag="topic: lakes")
    assert app.selectbox(key="findings_tag").options == ["task: qa", "topic: lakes"]
    assert app.dataframe[0].value["n"][0] == "7 tokens"
    app.selectbox(key="findings_tag").set_value(None).run()
    assert finished(pairs="mine").dataframe[0].value["n"][0] == "14 tokens"


def test_a_query_shows_its_rows_and_a_row_opens_its_answer(two_runs):
    app = finished(pairs="mine")
    query = "SELECT run_id, instruction FROM answers WHERE pair = 'mine' ORDER BY instruction"
    app.text_area(key="query_sql").set_value(query).run()
    next(one for one in app.button if one.label == "Run the query").click().run()
    rows = app.dataframe[-1].value
    assert rows["instruction"].tolist() == ["One?", "Two?"]
    app.session_state["query_rows"] = {"selection": {"rows": [1], "columns": []}}
    app.run()
    assert [one.label for one in app.button if one.key == "query_open"] == ["Open the answer"]


def test_a_forbidden_query_says_what_is_allowed(two_runs):
    app = finished(pairs="mine")
    app.text_area(key="query_sql").set_value("DROP TABLE answers").run()
    next(one for one in app.button if one.label == "Run the query").click().run()
    assert "Only one SELECT is allowed" in texts(app.error)
