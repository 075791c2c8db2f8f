"""The Ask page: the base's own answer, the meaning of the colors, drafts and folded details."""

from dataclasses import replace

import pytest
from app_pages import all_that_is_sent, open_app, payloads, plain_texts, texts
from example_runs import FEATURED_RUN, example_response, example_run

from itlim.library import add_pair, load_library
from itlim.store.connection import Store
from itlim.store.runs import save_run


def shown_texts(app) -> str:
    return texts(app.text)


def test_the_base_answer_of_a_stored_answer_is_beside_it():
    app = open_app("ask", run=FEATURED_RUN)
    assert "Toyota was founded by Kiichiro Toyoda." in shown_texts(app)


def test_a_line_above_the_text_says_what_the_colors_do_not_mean():
    app = open_app("ask", run=FEATURED_RUN)
    sent = all_that_is_sent(app)
    assert "the base model would have said something else here" in sent
    assert "Neither means wrong." in sent


def test_the_line_about_colors_follows_the_thresholds():
    sent = all_that_is_sent(open_app("ask", run=FEATURED_RUN, marginal="3", shifted="10"))
    assert "this was one of its choices 4 to 10." in sent


def test_an_unsent_question_is_kept_when_the_address_names_another_answer(home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run("0123456789abcdef", instruction="Earlier?"))
    app = open_app("ask", run=FEATURED_RUN)
    asked = app.text_area(key="ask_instruction").value
    app.query_params["run"] = "0123456789abcdef"
    app.run()
    assert app.text_area(key="ask_instruction").value == "Earlier?" != asked
    app.text_area(key="ask_instruction").set_value("A draft?").run()
    app.query_params["run"] = FEATURED_RUN
    app.run()
    assert app.text_area(key="ask_instruction").value == "A draft?"
    assert asked in shown_texts(app), "the answer on screen has its own question"


def test_an_answer_without_a_stored_base_answer_offers_to_ask_the_base(home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run("0123456789abcdef"))
    app = open_app("ask", run="0123456789abcdef")
    assert [one.label for one in app.button if one.key == "ask_base"] == ["Ask the base model"]


def test_without_the_base_model_the_page_says_where_it_is_missing_and_goes_on(home):
    pair = load_library().pair("demo-sft")
    gone = replace(pair, name="gone", base=replace(pair.base, path=str(home / "gone")))
    add_pair(gone)
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run("0123456789abcdef", pair="gone"))
    app = open_app("ask", run="0123456789abcdef")
    assert not app.error
    assert "the base model is not in" in plain_texts(app)
    assert not [one for one in app.button if one.key == "ask_base"]
    assert "Export" in [one.label for one in app.expander]


def test_an_imported_answer_says_why_there_is_no_base_answer(home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_response())
    app = open_app("ask", run=example_response().run_id)
    assert "imported without its models, so its base model is unknown" in plain_texts(app)


def test_an_answer_of_an_unknown_pair_says_why_there_is_no_base_answer(home):
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run("0123456789abcdef", pair="elsewhere"))
    app = open_app("ask", run="0123456789abcdef")
    assert "does not contain the pair elsewhere" in texts(app.caption)


def test_a_draft_survives_a_visit_of_another_page():
    app = open_app("ask")
    app.text_area(key="ask_instruction").set_value("Who founded").run()
    app.switch_page("pages/views/findings.py").run()
    app.switch_page("pages/views/ask.py").run()
    assert app.text_area(key="ask_instruction").value == "Who founded"


def test_an_instruction_in_the_address_fills_the_form():
    app = open_app("ask", ask="Who wrote Emma?")
    assert app.text_area(key="ask_instruction").value == "Who wrote Emma?"


def test_selected_words_offer_three_next_steps():
    tokens = next(one for one in payloads(open_app("ask", run=FEATURED_RUN)) if "texts" in one)
    assert [one["label"] for one in tokens["steps"]] == [
        "Where did this come from?",
        "Test it",
        "Mark it",
    ]


@pytest.mark.parametrize(
    ("step", "page"), [("trace", "Where did"), ("test", "without it?"), ("mark", "Mark")]
)
def test_a_next_step_opens_its_page_on_the_selected_words(indexed, step, page):
    app = open_app("ask", run=FEATURED_RUN)
    key = f"tokens-{FEATURED_RUN}"
    app.session_state[key] = {
        "trace": {"doc": FEATURED_RUN, "start": 6, "stop": 8, "step": step, "ts": 1}
    }
    app.run()
    assert not app.exception
    assert page in texts(app.header)
    if step != "mark":
        assert app.query_params["run"] == FEATURED_RUN
        assert app.query_params["span"]


def test_the_address_opens_the_charts_at_their_tab():
    app = open_app("ask", run=FEATURED_RUN, charts="true", plots="Distribution")
    assert not app.error
    charts = {box.label: box for box in app.expander}["Charts: where the shift occurs"]
    assert [tab.label for tab in charts.tabs] == [
        "Along the response",
        "Distribution",
        "Sentence starts",
    ]
    assert app.session_state["plots"] == "Distribution"
    assert app.query_params["plots"] == "Distribution"
