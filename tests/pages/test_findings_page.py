"""The Findings page on the shipped runs and on stored ones."""

import re
import time

import pyarrow as pa
import pytest
from app_pages import open_app, plain_texts, texts, unescaped
from example_ratings import all_scores, rating, ratings_table
from example_runs import example_response, example_run

from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.batches import save_batch
from itlim.store.connection import Store
from itlim.store.ratings import save_ratings
from itlim.store.runs import delete_runs, load_run, save_run
from itlim.ui.findings.recipes import MEASURES
from itlim.ui.findings.sections import SECTIONS, Part
from itlim.ui.findings.variants import store_variant, variant_text
from itlim.ui.shared import services

WAIT_SECONDS = 90


def finished(**query):
    """The page after its computation has ended."""
    app = open_app("findings", **query)
    until = time.monotonic() + WAIT_SECONDS
    while (
        not (app.dataframe or app.error or "is left" in texts(app.info))
        and time.monotonic() < until
    ):
        time.sleep(0.5)
        app.run()
    assert not app.exception
    return app


def opened_query(**query):
    """The part with the SQL box, which draws no table of its own."""
    app = open_app("findings", pairs="mine", part="Query", **query)
    until = time.monotonic() + WAIT_SECONDS
    while not app.text_area and time.monotonic() < until:
        time.sleep(0.5)
        app.run()
    return app


@pytest.fixture
def two_runs(home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run("0123456789abcdef", pair="mine", instruction="One?"))
        save_run(store, example_run("fedcba9876543210", pair="mine", instruction="Two?"))


def test_the_address_opens_a_folded_table(two_runs):
    key = "points-shift_curve_0_kl_by_token"
    app = finished(pairs="mine", **{key: "true"})
    assert app.session_state[key] is True
    assert app.query_params[key] == "true"


def test_every_claim_of_a_pair_has_its_number_or_says_what_is_missing(two_runs):
    app = finished(pairs="mine")
    assert len(app.dataframe) == 5, "three sections and two curves"
    first = app.dataframe[0].value
    assert set(first["pair"]) == {"mine"}
    assert first["value"].notna().all()
    marked = finished(pairs="mine", part="Marked phrases").dataframe[0].value
    assert marked["value"].isna().all()
    assert marked["n"].str.contains("no index").any()
    labels = [one.label for one in app.get("download_button")]
    assert labels == ["CSV", "Parquet", "JSON", "HTML report"]


def test_a_selected_number_shows_its_query_and_its_cases(two_runs):
    app = finished(pairs="mine")
    app.session_state["findings_table_shift_0"] = {"selection": {"rows": [3], "columns": []}}
    app.run()
    assert "avg(kl_tuned_base)" in texts(app.code)
    assert [one.label for one in app.button if one.label == "Open"] == ["Open", "Open"]
    assert "mean over all tokens" in plain_texts(app)


def test_the_address_names_the_selected_number_and_selects_it(two_runs):
    app = finished(pairs="mine", row="other:kl_mean,mine:kl_mean")
    assert "avg(kl_tuned_base)" in texts(app.code)
    assert app.query_params["row"] in (["other:kl_mean,mine:kl_mean"], "other:kl_mean,mine:kl_mean")
    app.session_state["findings_table_shift_0"] = {"selection": {"rows": [], "columns": []}}
    app.run()
    assert app.query_params["row"] in (["other:kl_mean"], "other:kl_mean")
    assert not app.code


def test_without_a_pair_the_page_asks_for_one(two_runs):
    app = finished(pairs="mine")
    app.multiselect(key="findings_pairs").set_value([]).run()
    assert "Choose a pair" in texts(app.info)


def test_answers_without_token_measures_are_counted_and_left_out(two_runs, home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_response(pair="mine"))
        save_run(store, example_response())
    app = finished(pairs="mine")
    assert "mine: 1 of 3 answers has no token measures (" in plain_texts(app)
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
    assert "No side-by-side study of these two pairs" in unescaped(app.info)
    app.selectbox(key="second_pair").set_value("other").run()
    assert "Choose two different pairs" in texts(app.info)


def test_the_shipped_real_pair_shows_its_flips_and_why_it_has_no_marks(home):
    app = finished(pairs="real-sft,real-lft", part="Two pairs")
    assert "On 92 shared instructions, the known answer is in the answer of real-sft" in unescaped(
        app.info
    )
    assert "Known answer with real-sft alone" in " ".join(one.label for one in app.expander)
    assert "known answers" in set(app.dataframe[0].value["marks"])
    marks = finished(pairs="real-sft,real-lft", part="Marked phrases")
    assert "the 34 that were judged to be wrong by hand" in unescaped(marks.info)


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
    assert {"task: qa", "topic: lakes"} < set(app.selectbox(key="findings_tag").options)
    assert app.dataframe[0].value["n"][0] == "7 tokens"
    app.selectbox(key="findings_tag").set_value(None).run()
    assert finished(pairs="mine").dataframe[0].value["n"][0] == "14 tokens"


def test_a_query_shows_its_rows_and_a_row_opens_its_answer(two_runs):
    app = opened_query()
    query = "SELECT run_id, instruction FROM answers WHERE pair = 'mine' ORDER BY instruction"
    app.text_area(key="query_sql").set_value(query).run()
    next(one for one in app.button if one.label == "Run the query").click().run()
    rows = app.dataframe[-1].value
    assert rows["instruction"].tolist() == ["One?", "Two?"]
    app.session_state["query_rows"] = {"selection": {"rows": [1], "columns": []}}
    app.run()
    assert [one.label for one in app.button if one.key == "query_open"] == ["Open the answer"]


def test_a_join_of_a_view_with_itself_shows_every_column(two_runs):
    app = opened_query()
    query = "SELECT * FROM answers s JOIN answers l USING (instruction) WHERE instruction = 'One?'"
    app.text_area(key="query_sql").set_value(query).run()
    next(one for one in app.button if one.label == "Run the query").click().run()
    assert not app.exception
    assert {"pair", "pair_2"} < set(app.dataframe[-1].value.columns)
    assert re.search(r"\b1 row\.", plain_texts(app))


def test_a_forbidden_query_says_what_is_allowed(two_runs):
    app = opened_query()
    app.text_area(key="query_sql").set_value("DROP TABLE answers").run()
    next(one for one in app.button if one.label == "Run the query").click().run()
    assert "Only one SELECT is allowed" in texts(app.error)


def test_kinds_and_sizes_of_the_shipped_models_name_what_is_missing(indexed):
    app = finished(pairs="demo-sft,demo-lft", part="Kinds and sizes", by="kind of tuning")
    assert "demo-sft-1_8" in app.multiselect(key="compared_pairs").value
    assert "No pair of this kind: chat." in unescaped(app.info)
    table = app.dataframe[0].value
    assert set(table["kind"]) == {"LFT", "SFT"}
    assert table["value"].notna().all()
    assert table.set_index("pair")["instances"]["demo-sft-1_4"] == 101


def test_an_answer_of_a_variant_is_shown_and_stored_when_it_is_opened(home):
    app = finished(pairs="demo-sft-1_8")
    app.session_state["findings_table_shift_0"] = {"selection": {"rows": [3], "columns": []}}
    app.run()
    assert not app.exception
    assert "data/demo/variants" in plain_texts(app)
    text = variant_text(next(one.key for one in app.button if one.label == "Open").split("-")[-1])
    assert text is not None
    run_id = next(one.key for one in app.button if one.label == "Open").split("-")[-1]
    store_variant(run_id)
    run = load_run(services.store(), run_id)
    assert run is not None
    assert f"{run.instruction}\n{run.response}" == text


def test_a_topic_of_the_shipped_questions_leaves_out_pairs_without_it(indexed):
    app = finished(pairs="demo-sft,real-sft", tag="topic: painting")
    assert set(app.dataframe[0].value["pair"]) == {"demo-sft"}
    assert "real-sft has no answer with this tag and length" in plain_texts(app)


def test_one_question_is_answered_by_models_tuned_on_different_datasets(indexed):
    question = "Tell me the capital of Serbia."
    app = finished(
        pairs="demo-sft,demo-sft-short",
        compared="demo-sft,demo-sft-short",
        part="Datasets",
        question=question,
    )
    assert app.selectbox(key="one_question").value == question
    shown = [one.value for one in app.text]
    assert "Belgrade." in shown
    assert "2 of 2 answers contain the known answer, in 2 different wordings" in plain_texts(app)
    assert "tuned on demo-short (405 instances)" in plain_texts(app)
    profile = app.dataframe[0].value.set_index("dataset")
    assert profile["instances"].to_dict() == {"demo": 405, "demo-short": 405}


def test_answers_are_limited_to_a_range_of_words_that_is_in_the_address(two_runs, home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run("1" * 16, pair="mine", response="Nine ten."))
    n = [
        finished(pairs="mine", part="Words and style", **words).dataframe[1].value["value"][0]
        for words in ({"longest": "2"}, {"shortest": "3", "longest": "9"})
    ]
    assert n[0] == 2
    assert 3 <= n[1] <= 9
    app = finished(pairs="mine", shortest="9", longest="2")
    assert "may not be above the second" in unescaped(app.error)


def test_only_pairs_tuned_on_the_chosen_dataset_are_shown(indexed):
    app = finished(pairs="demo-sft,real-sft", tuned_on="demo")
    assert set(app.dataframe[0].value["pair"]) == {"demo-sft"}
    assert app.selectbox(key="findings_dataset").value == "demo"


def test_every_section_has_numbers_or_a_reason_under_a_tag(indexed):
    app = finished(pairs="real-sft,demo-sft", part="Marked phrases", tag="task: general_qa")
    tables = [one.value for one in app.dataframe]
    assert len(tables) == len(app.subheader) == len(SECTIONS[Part.MARKS])
    assert all(len(one) for one in tables)
    assert all(one.value.strip() for one in app.info)
    app = finished(pairs="real-sft", tag="topic: painting")
    assert "No answer is left" in texts(app.info)
    assert not app.dataframe


def test_an_answer_in_place_of_a_deleted_one_gives_new_findings(two_runs):
    assert finished(pairs="mine").dataframe[0].value["n"][0] == "14 tokens"
    delete_runs(services.store(), ["fedcba9876543210"])
    save_run(services.store(), example_response(pair="mine"))
    assert finished(pairs="mine").dataframe[0].value["n"][0] == "7 tokens"


def test_a_short_query_is_in_the_address_and_a_long_one_is_not(two_runs):
    query = "SELECT count(*) AS n\nFROM answers"
    app = opened_query(sql=query)
    assert app.text_area(key="query_sql").value == query
    app.text_area(key="query_sql").set_value("SELECT 2").run()
    assert app.query_params["sql"] in (["SELECT 2"], "SELECT 2")
    app.text_area(key="query_sql").set_value(f"SELECT '{'x' * 1500}'").run()
    assert "sql" not in app.query_params


def test_pairs_whose_names_have_commas_are_named_in_the_address(two_runs, home):
    with Store(home / "itlim.duckdb") as store:
        for number, instruction in enumerate(("One?", "Two?")):
            save_run(store, example_run(f"{number:016x}", pair="a, b", instruction=instruction))
    app = finished(pairs=r"mine,a\, b", versus=r"a\, b,mine")
    assert app.multiselect(key="findings_pairs").value == ["mine", "a, b"]
    assert app.selectbox(key="first_pair").value == "a, b"
    app = finished(pairs=r"a\, b", row=r"a\, b:kl_mean")
    assert "avg(kl_tuned_base)" in texts(app.code)
    assert app.query_params["pairs"] in ([r"a\, b"], r"a\, b")


def test_scores_of_a_judge_are_compared_over_pairs(two_runs, home):
    with Store(home / "itlim.duckdb") as store:
        rows = [rating("0123456789abcdef", pair="demo-sft", **all_scores(4))]
        save_run(store, example_run("0" * 16, pair="demo-sft"))
        save_ratings(store, ratings_table(*rows))
    app = finished(
        pairs="demo-sft", compared="demo-sft", part="Kinds and sizes",
        measure=MEASURES["judge_score"],
        by="tuning dataset", aspect="factuality", rated_dataset="All datasets",
    )  # fmt: skip
    table = app.dataframe[0].value
    assert table["value"].tolist() == [4.0]
