"""The part of Findings about judging models, with a real HTTP server behind it."""

import io
import json
import threading
import time

import pandas as pd
import pyarrow as pa
import pytest
from app_pages import all_that_is_sent, button, open_app, plain_texts, texts, unescaped
from chat_server import answer_with, chat_failure
from example_ratings import (
    PROMPT,
    all_scores,
    preference,
    preferences_table,
    rating,
    ratings_table,
)
from example_runs import FEATURED_RUN, example_response

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError
from itlim.records.ratings import JUDGE_QUOTES, Aspect
from itlim.remedies.judging import Rated
from itlim.store.connection import Store
from itlim.store.ratings import (
    load_preferences,
    load_ratings,
    quotes_of,
    ratable_answers,
    save_preferences,
    save_quotes,
    save_ratings,
)
from itlim.store.runs import load_run, save_run
from itlim.text.markdown import with_visible_controls
from itlim.ui.findings.judge.importing import imported, store_ratings
from itlim.ui.findings.judge.importing_preferences import store_preferences
from itlim.ui.findings.judge.work import RatingWork
from itlim.ui.shared import services
from itlim.ui.shared.marking.suggestions import suggestions_of_run

KEY = "sk-very-secret-0123456789"
CHAT = "/v1/chat/completions"
PART = "Model judge"
HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:alert(2)) :red[y] \u202e $x$"
WAIT_SECONDS = 60


@pytest.fixture
def endpoint(httpserver, monkeypatch):
    monkeypatch.setenv("ITLIM_API_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("ITLIM_API_MODEL", "big-judge")
    monkeypatch.setenv("ITLIM_API_KEY", KEY)
    return httpserver


def said(score, reason="because"):
    return json.dumps({str(one): {"reason": reason, "score": score} for one in Aspect})


def opened(view="Ask or import", pairs="demo-sft,demo-lft", **query):
    app = open_app("findings", part=PART, judge=view, pairs=pairs, **query)
    assert not app.exception
    return app


def asked(app, label):
    """Press a button that starts work, and run the page until the work has ended."""
    button(app, label).click()
    app.run()
    until = time.monotonic() + WAIT_SECONDS
    while services.in_progress("judge")["judge"].done is False and time.monotonic() < until:
        time.sleep(0.1)
    app.run()
    assert not app.exception
    return app


def with_rate(app, n, **values):
    app.number_input(key="judge_rate").set_value(60_000)
    app.run()
    app.number_input(key="judge_n").set_value(n)
    for key, value in values.items():
        app.number_input(key=key).set_value(value)
    return app.run()


def test_without_a_server_the_page_says_how_to_set_one_and_offers_the_import(home):
    app = opened()
    assert "No judge is set up" in texts(app.info)
    assert "ITLIM_API_URL=" in texts(app.code)
    assert app.get("file_uploader")
    assert not [one for one in app.button if one.label.startswith("Rate")]


@pytest.mark.parametrize("url", ["http://me:secret@host/v1", "http://host/v1?key=secret"])
def test_a_password_in_the_address_of_the_server_is_not_shown(home, endpoint, monkeypatch, url):
    monkeypatch.setenv("ITLIM_API_URL", url)
    app = opened()
    assert "The base URL contains" in unescaped(app.error)
    assert "secret" not in all_that_is_sent(app)


def test_rating_from_the_page_stores_scores_and_shows_cost_and_never_the_key(home, endpoint):
    endpoint.expect_request(CHAT).respond_with_handler(answer_with(lambda _: said(4)))
    app = with_rate(opened(), 2, judge_prompt_price=1.0, judge_reply_price=10.0)
    assert "Key: from ITLIM_API_KEY" in plain_texts(app)
    assert "Estimated cost" in plain_texts(app)
    assert not endpoint.log, "nothing is asked before the button is pressed"
    app = asked(app, "Rate 4 answers")
    # Both models gave the same answer to one of the questions, which is one request.
    assert "4 asked. 3 requests, 39 tokens, cost 0.0001." in unescaped(app.info)
    table = load_ratings(services.store(), "big-judge", PROMPT)
    assert table["factuality"].to_pylist() == [4] * 4
    assert sorted(set(table["pair"].to_pylist())) == ["demo-lft", "demo-sft"]
    assert len({row["instruction"] for row in table.to_pylist()}) == 2, "the same two questions"
    assert KEY not in all_that_is_sent(app)
    assert endpoint.log[0][0].headers["Authorization"] == f"Bearer {KEY}"
    stored = [path for path in home.rglob("*") if path.is_file()]
    assert not [path for path in stored if KEY.encode() in path.read_bytes()]


def test_a_larger_number_asks_only_for_the_rest(home, endpoint):
    endpoint.expect_request(CHAT).respond_with_handler(answer_with(lambda _: said(4)))
    app = asked(with_rate(opened(pairs="demo-sft"), 2), "Rate 2 answers")
    app.number_input(key="judge_n").set_value(3).run()
    assert "Already rated by this judge: 2 of 3" in plain_texts(app)
    asked(app, "Rate 1 answer")
    assert len(endpoint.log) == 3


def test_canceled_work_keeps_what_is_finished_and_resumes(home, endpoint):
    arrived, release = [], threading.Event()

    @answer_with
    def slow(_):
        arrived.append(1)
        if len(arrived) > 20:
            release.wait(20)
        return said(3)

    endpoint.expect_request(CHAT).respond_with_handler(slow)
    app = with_rate(opened(pairs="demo-sft"), 40)
    button(app, "Rate 40 answers").click()
    app.run()
    work = services.in_progress("judge")["judge"]
    until = time.monotonic() + WAIT_SECONDS
    while len(arrived) < 22 and time.monotonic() < until:
        time.sleep(0.05)
    app.run()
    assert [one.label for one in app.button if one.label == "Cancel"]
    work.cancel()
    release.set()
    work.wait(WAIT_SECONDS)
    app.run()
    assert work.was_cancelled
    assert "Canceled after" in unescaped(app.info)
    n = load_ratings(services.store(), "big-judge", PROMPT).num_rows
    assert 0 < n < 40
    sent = len(endpoint.log)
    asked(app, f"Rate {40 - n} answers")
    assert load_ratings(services.store(), "big-judge", PROMPT).num_rows == 40
    assert len(endpoint.log) - sent <= 40 - n, "kept replies are not asked again"


def test_failures_are_counted_and_are_no_scores(home, endpoint):
    replies = iter(["Good!", "Good!", "Good!", said(5)])
    endpoint.expect_request(CHAT).respond_with_handler(
        answer_with(lambda _: next(replies, "Good!"))
    )
    app = with_rate(opened(pairs="demo-sft"), 1)
    app = asked(app, "Rate 1 answer")
    assert "No reply to the first 1 question could be used" in unescaped(app.error)
    (row,) = load_ratings(services.store(), "big-judge", PROMPT).to_pylist()
    assert (row["status"], row["factuality"], row["raw"]) == ("failed", None, "Good!")
    ratings = opened("Ratings", pairs="demo-sft")
    assert "1 failed" in plain_texts(ratings)
    assert pd.isna(ratings.dataframe[0].value.iloc[0]["factuality"])


def test_a_failed_rating_is_asked_again_when_the_button_is_pressed_again(home, endpoint):
    replies = iter(["Good!", "Good!", "Good!"])
    endpoint.expect_request(CHAT).respond_with_handler(
        answer_with(lambda _: next(replies, said(5)))
    )
    app = asked(with_rate(opened(pairs="demo-sft"), 1), "Rate 1 answer")
    app = asked(app, "Rate 1 answer")
    assert "1 asked. 1 request," in unescaped(app.info)
    (row,) = load_ratings(services.store(), "big-judge", PROMPT).to_pylist()
    assert (row["status"], row["factuality"]) == ("complete", 5)


def test_what_failed_or_is_left_out_is_counted_in_the_right_number(home, endpoint):
    @answer_with
    def reply(asked):
        text = asked["messages"][0]["content"]
        if "Quote each wrong phrase" in text:
            return json.dumps({"quotes": [{"quote": "nowhere in it"}]})
        return said(3)

    endpoint.expect_request(CHAT).respond_with_handler(reply)
    app = with_rate(opened(pairs="demo-sft"), 1)
    app.checkbox(key="judge_quotes").check().run()
    assert app.checkbox(key="judge_quotes").label == "Also ask which words are wrong"
    app = asked(app, "Rate 1 answer")
    assert "1 quote is not in the answer, and left out." in plain_texts(app)
    services.in_progress("judge")["judge"].n_failed = 1
    assert "of which 1 failed and has no score" in unescaped(app.run().info)


def test_a_wrong_key_stops_with_one_message_that_does_not_contain_it(home, endpoint):
    endpoint.expect_request(CHAT).respond_with_response(chat_failure(401, f"bad key {KEY}"))
    app = asked(with_rate(opened(pairs="demo-sft"), 1), "Rate 1 answer")
    assert "refused the key" in unescaped(app.error)
    assert KEY not in all_that_is_sent(app)


def test_work_stops_after_a_first_part_without_any_usable_reply(home, httpserver):
    httpserver.expect_request(CHAT).respond_with_response(chat_failure(400, "no"))
    answers = [Rated(response_id=f"r{k}", model="x", instruction="Q", response="A")
               for k in range(50)]  # fmt: skip
    settings = EndpointSettings(base_url=httpserver.url_for("/v1"), model="m",
                                requests_per_minute=60_000, attempts=1)  # fmt: skip
    with Store(home / "own.duckdb") as store:
        work = RatingWork(store, settings, home / "k.jsonl", answers, with_quotes=False).start()
        work.wait(WAIT_SECONDS)
    assert isinstance(work.error, EndpointError)
    assert work.n_done == 20


def test_two_pairs_are_compared_in_both_orders_from_the_page(home, endpoint):
    endpoint.expect_request(CHAT).respond_with_handler(answer_with(lambda _: "Better: A"))
    app = opened()
    app.number_input(key="judge_rate").set_value(60_000)
    app.get("button_group")
    app.session_state["judge_what"] = "Compare two pairs"
    app.run()
    app.number_input(key="judge_n_compared").set_value(3).run()
    app = asked(app, "Compare 3 answer pairs")
    assert len(endpoint.log) == 6
    rows = load_preferences(services.store(), "demo-lft", "demo-sft").to_pylist()
    assert [row["preference"] for row in rows] == ["tie"] * 3
    shown = opened("Preferences")
    claims = dict(zip(shown.dataframe[0].value["claim"], shown.dataframe[0].value["value"],
                      strict=True))  # fmt: skip
    assert claims["the answer shown first preferred in both orders"] == 100
    assert claims["both orders gave the same verdict (position consistency)"] == 0


def rated(home):
    """Two rated answers per pair: the featured answer is called right, though it is wrong."""
    with Store(home / "itlim.duckdb") as store:
        run = load_run(store, FEATURED_RUN)
        save_run(store, example_response(pair="mine", instruction="Who?", response="Ann."))
        rows = [
            rating(FEATURED_RUN, pair=run.pair, instruction=run.instruction, **all_scores(5),
                   factuality_reason=HOSTILE, raw=HOSTILE),
            rating("b" * 16, pair=run.pair, instruction="Other", clarity=2, task="info-seek"),
            rating("c" * 16, pair=run.pair, instruction="Third", problem=HOSTILE, raw=None),
        ]  # fmt: skip
        save_ratings(store, ratings_table(*rows))
        return run


def test_means_are_beside_the_papers_with_n_in_each_cell_and_missing_cells_empty(home):
    run = rated(home)
    app = opened("Ratings", pairs=run.pair)
    table = app.dataframe[0].value
    mine = table[table["source"] == "yours"].iloc[0]
    assert mine["clarity"].startswith("3.50 [")
    assert mine["clarity"].endswith("n = 2")
    assert mine["factuality"] == "5.00 n = 1", "one instruction has no interval"
    paper = table[table["source"].str.startswith("paper")]
    assert len(paper) == 155
    assert paper.iloc[0]["factuality"] == "4.9"
    tasks = (
        opened("Ratings", pairs=run.pair, scores="By task (Tables 16 and 17)").dataframe[0].value
    )
    row = tasks[tasks["source"] == "yours"].iloc[0]
    assert row["information seeking"] == "2.00 n = 1"
    assert pd.isna(row["coding"])
    assert len(tasks) == 1 + 98, "row 35 of Table 16 has an unknown cell"


def test_the_papers_rows_are_filtered(home):
    app = opened("Ratings", pairs="demo-sft")
    app.multiselect(key="paper_model_False").set_value(["Phi-1.5 1.3B"])
    app.multiselect(key="paper_tuning_False").set_value(["SFT"]).run()
    table = app.dataframe[0].value
    assert set(table["model"]) == {"Phi-1.5 1.3B"}
    assert set(table["tuning"]) == {"SFT"}


def test_a_cell_opens_its_cases_and_hostile_replies_are_shown_as_text(home):
    run = rated(home)
    app = opened("Ratings", pairs=run.pair)
    app.session_state["judge_table_False"] = {
        "selection": {"rows": [], "columns": [], "cells": [[0, "factuality"]]}
    }
    app.run()
    assert not app.exception
    assert HOSTILE in [one.value for one in app.code]
    assert f"factuality 5 of 5: {with_visible_controls(HOSTILE)}" in plain_texts(app)
    assert "Without a score" in texts(app.markdown)
    assert "<script>" not in texts(app.markdown) + texts(app.caption)
    assert "<script>alert(1)" not in " ".join(one.proto.body for one in app.get("html"))
    assert run.response in texts(app.text)


def test_the_address_of_a_cell_opens_its_cases(home):
    run = rated(home)
    app = opened("Ratings", pairs=run.pair, row=f"{run.pair}:judge_clarity")
    assert "clarity 2 of 5" in plain_texts(app)


def test_the_judge_is_calibrated_and_a_disagreement_opens_the_marked_phrase(home):
    run = rated(home)
    app = opened("Beside people", pairs=run.pair)
    assert "No answer has both a factuality score and a review by people" in unescaped(app.info)
    gold = app.dataframe[0].value.set_index("claim")
    assert gold.loc["mean factuality of answers with a wrong phrase", "value"] == 5
    assert gold.loc["wrong or not: Cohen's κ, unweighted", "n"] == "1 answers"
    assert "1 marked as wrong that the judge did not call wrong" in plain_texts(app)
    button(app, "Open the phrase").click()
    app.run()
    assert not app.exception
    assert app.query_params["run"] in ([run.run_id], run.run_id)
    assert "Marked: Tony and Maureen Wheeler" not in texts(app.text), "another page is open"


def test_an_answer_that_only_the_judge_calls_wrong_opens_its_first_quote(home):
    with Store(home / "itlim.duckdb") as store:
        right = next(
            one
            for one in ratable_answers(store, ["demo-lft"])
            if "Vincent van Gogh" in one.response
        )
        start = right.response.index("Vincent van Gogh")
        row = rating(right.run_id, pair=right.pair, instruction=right.instruction, **all_scores(1))
        save_ratings(store, ratings_table(row, row | {"judge": "other"}))
        for judge, begins in (("m", (start, start + 8)), ("other", (0,))):
            quotes = [
                {"run_id": right.run_id, "judge": judge, "prompt_version": "p", "start": begin,
                 "stop": begin + 7, "quote": "x", "reason": f"why {judge}"}
                for begin in begins
            ]  # fmt: skip
            table = pa.Table.from_pylist(quotes, schema=JUDGE_QUOTES)
            save_quotes(store, judge, [right.run_id], table)
    app = opened("Beside people", pairs="demo-lft")
    assert "1 that the judge alone calls wrong" in plain_texts(app)
    assert "Quoted by the judge: Vincent" in texts(app.text)
    assert "why m" in plain_texts(app)
    assert "why other" not in plain_texts(app)
    (only,) = [one for one in app.button if one.label == "Open the phrase"]
    only.click()
    app.run()
    assert not app.exception
    assert app.query_params["span"] in (f"{start}-{start + 7}", [f"{start}-{start + 7}"])


def test_quotes_of_a_judge_are_suggestions_and_not_marks(home, endpoint):
    @answer_with
    def reply(asked):
        text = asked["messages"][0]["content"]
        if "Quote each wrong phrase" not in text:
            return said(2)
        answer = text.split("## Answer\n")[1]
        return json.dumps({"quotes": [{"quote": answer[:6], "reason": HOSTILE}]})

    endpoint.expect_request(CHAT).respond_with_handler(reply)
    app = with_rate(opened(pairs="demo-sft"), 1)
    app.checkbox(key="judge_quotes").check().run()
    asked(app, "Rate 1 answer")
    (row,) = load_ratings(services.store(), "big-judge", PROMPT).to_pylist()
    assert quotes_of(services.store(), row["run_id"]) == [(0, 6, "big-judge", HOSTILE)]
    with services.store().reading() as cursor:
        (n,) = cursor.execute("SELECT count(*) FROM annotation_events").fetchone()
    assert n == 0
    assert JUDGE_QUOTES.names[0] == "run_id"
    assert (0, 6) in {(one.start, one.stop) for one in suggestions_of_run(row["run_id"])}


class Upload(io.BytesIO):
    def __init__(self, name, data):
        super().__init__(data)
        self.name, self.size = name, len(data)


def test_a_file_of_ratings_is_imported_and_says_what_was_rejected(home):
    row = {
        "judge": "gpt-4",
        "model": "demo-sft",
        "instruction": "Q",
        "response_id": "x",
        "depth": 3,
    }
    text = json.dumps(row) + "\n" + json.dumps({"judge": HOSTILE}) + "\n[1]\n"
    services.store()
    store_ratings(Upload("r.jsonl", text.encode()))
    (stored,) = load_ratings(services.store(), "gpt-4", "imported").to_pylist()
    assert (stored["depth"], stored["status"]) == (3, "partial")


def test_a_file_without_any_rating_names_no_judge():
    assert imported(0, 0, []) == "0 new ratings."
    assert imported(3, 0, ["a", "b"]) == "3 new ratings by a, b."


def test_preferences_without_a_verdict_are_no_ties(home):
    with Store(home / "itlim.duckdb") as store:
        for pair in ("one", "two"):
            save_run(store, example_response(pair=pair))
        rows = [preference("a", "b", "first"), preference("c", "d", None, problem=HOSTILE)]
        save_preferences(store, preferences_table(*rows))
    app = opened("Preferences", pairs="one,two")
    assert "2 comparisons, 1 without a verdict" in plain_texts(app)
    values = dict(zip(app.dataframe[0].value["claim"], app.dataframe[0].value["value"],
                      strict=True))  # fmt: skip
    assert (values["one preferred"], values["tie"]) == (100, 0)


def test_published_preferences_are_imported_and_compared_with_the_judges(home):
    with Store(home / "itlim.duckdb") as store:
        rows = []
        for number in range(12):
            first, second = (
                example_response(pair=pair, instruction=f"Q{number}") for pair in ("one", "two")
            )
            save_run(store, first)
            save_run(store, second)
            verdict = ("first", "second", "tie")[number % 3]
            named = {"instruction": f"Q{number}", "judge": "big-judge"}
            rows.append(preference(first.run_id, second.run_id, verdict, **named))
        save_preferences(store, preferences_table(*rows))
    # The other model is named first; one verdict of twelve differs, and one row has no instruction.
    published = [
        {"id": number, "output_1_model": "two", "output_2_model": "one",
         "preference": (2.0, 1.0, 0)[number % 3] if number else 1.0}
        for number in range(13)
    ]  # fmt: skip
    asked_for = [{"id": number, "instruction": f"Q{number}"} for number in range(12)]
    files = [
        Upload(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
        for name, rows in (("gpt4", published), ("answers", asked_for))
    ]
    services.store()
    store_preferences(*files)
    app = opened("Preferences", pairs="one,two")
    assert app.selectbox(key="preferring_judge").options == ["big-judge", "gpt4"]
    table = next(one.value for one in app.dataframe if "preference: Cohen's κ" in
                 list(one.value.get("claim", [])))  # fmt: skip
    same = table.set_index("claim").loc["preference: equal verdicts"]
    assert same["value"] == pytest.approx(100 * 11 / 12)
    kappa = table.set_index("claim").loc["preference: Cohen's κ"]
    assert 0.8 < kappa["value"] < 1
    assert "Import published preferences" in [one.label for one in app.expander]


def test_a_public_server_neither_asks_nor_imports(home, endpoint, monkeypatch):
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    app = opened()
    assert not app.get("file_uploader")
    assert not [one for one in app.button if one.label.startswith(("Rate", "Import"))]
    assert "Asking a judging model and importing ratings are not available" in plain_texts(app)
    assert not opened("Preferences").get("file_uploader")
    assert endpoint.url_for("/v1") not in all_that_is_sent(app)
