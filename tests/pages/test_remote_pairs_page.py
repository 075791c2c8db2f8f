"""Ask and Data & models with pairs behind servers: what is exact, bounded and missing is stated."""

import json
import re
import time
from html import unescape

import pytest
import streamlit as st
from app_pages import all_that_is_sent, button, open_app, plain_texts
from remote.conftest import MODELS, TOYOTA, logits_function
from remote.served_pairs import served_pair
from remote.vllm_0_15_0 import PATH, Vllm, error

from itlim.library import add_remote_pair, load_library
from itlim.store.runs import list_runs
from itlim.ui.shared import services

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def logits():
    return {name: logits_function(MODELS / name) for name in ("base", "sft")}


@pytest.fixture
def vllm(httpserver, logits):
    server = Vllm(logits, eos_id=logits["sft"].eos_id)
    httpserver.expect_request(PATH).respond_with_handler(server.handle)
    return server


@pytest.fixture
def added(httpserver, vllm, home):
    add_remote_pair(served_pair(httpserver))


def ask(instruction=TOYOTA, response=None):
    """The Ask page after a question to the served pair, when its answer is complete."""
    app = open_app("ask")
    app.selectbox(key="ask_pair").set_value("served")
    app.text_area(key="ask_instruction").set_value(instruction)
    if response is not None:
        next(one for one in app.segmented_control if one.key == "ask_mode").set_value(
            "Score my own text"
        ).run()
        app.text_area(key="ask_response").set_value(response)
    app.button(key="ask_submit").click().run()
    deadline = time.monotonic() + 60
    while "remote_work" in app.session_state and time.monotonic() < deadline:
        work = app.session_state["remote_work"]
        if work.done and work.error is not None:
            break
        time.sleep(0.2)
        app.run()
    assert not app.exception
    return app.run()


def response_of(app):
    """The text of the colored response."""
    body = next(one.proto.body for one in app.get("html") if "line-height: 1.7" in one.proto.body)
    return unescape(re.sub(r"<[^>]*>", "", body.split("line-height: 1.7")[1].split(">", 1)[1]))


def test_an_answer_says_what_is_exact_bounded_and_missing(added):
    app = ask()
    shown = plain_texts(app)
    assert "Exact: Emitted: base log-prob." in shown
    assert "Lower bounds, which no mean and no finding includes: KL(tuned ‖ base) at least" in shown
    assert "Missing, because they need the probabilities of all tokens: Jensen" in shown
    assert "base at http://" in shown
    assert response_of(app).startswith("Toyota was founded by Tony and Maureen Wheeler")
    columns = app.dataframe[0].value
    assert set(columns["is"]) >= {"exact", "lower bound", "missing"}


def test_the_address_of_an_answer_opens_it_again_without_its_server(added, httpserver, home):
    run_id = ask().query_params["run"]
    httpserver.clear()
    app = open_app("ask", run=run_id)
    assert "Lower bounds" in plain_texts(app)
    assert app.text_area(key="ask_instruction").value == TOYOTA


def test_a_text_is_scored_and_opens_as_a_text(added):
    app = ask(response="A purple committee.")
    assert response_of(app) == "A purple committee."
    again = open_app("ask", run=app.query_params["run"])
    assert again.text_area(key="ask_response").value == "A purple committee."


def test_a_failure_of_the_server_is_shown_and_nothing_is_stored(added, httpserver, home):
    httpserver.clear()
    httpserver.expect_request(PATH).respond_with_handler(lambda _: error(404, "no such model"))
    app = ask()
    assert "no such model" in app.error[0].value
    assert list_runs(services.shared_store(), pairs=["served"]).num_rows == 0


def test_data_and_models_lists_and_adds_served_pairs(httpserver, vllm, home):
    app = open_app("data_models", part="Model pairs")
    app.text_input(key="remote_name").set_value("mine")
    for role, model in (("base", "base"), ("tuned", "sft")):
        app.text_input(key=f"remote_{role}_url").set_value(httpserver.url_for("/v1"))
        app.text_input(key=f"remote_{role}_model").set_value(model)
        app.text_input(key=f"remote_{role}_tokenizer").set_value(str(MODELS / model))
    app = button(app, "Add the served pair").click().run()
    assert not app.error
    assert "mine" in load_library().remote_pairs
    rows = app.dataframe[0].value
    assert f"base at {httpserver.url_for('/v1')}" in rows[rows["pair"] == "mine"]["base"].tolist()


@pytest.mark.parametrize("role", ["base", "tuned"])
def test_a_tokenizer_outside_the_configured_folders_is_not_opened(httpserver, vllm, home, role):
    app = open_app("data_models", part="Model pairs")
    app.text_input(key="remote_name").set_value("mine")
    for one in ("base", "tuned"):
        app.text_input(key=f"remote_{one}_url").set_value(httpserver.url_for("/v1"))
        app.text_input(key=f"remote_{one}_model").set_value("base")
        tokenizer = "/etc/passwd" if one == role else str(MODELS / "base")
        app.text_input(key=f"remote_{one}_tokenizer").set_value(tokenizer)
    app = button(app, "Add the served pair").click().run()
    assert "outside the folders that this app may read" in app.error[0].value
    assert "mine" not in load_library().remote_pairs


def test_a_server_that_was_typed_on_the_page_gets_no_key_and_the_page_says_so(
    added, httpserver, monkeypatch
):
    monkeypatch.setenv("ITLIM_API_KEY", KEY)
    monkeypatch.setenv("ITLIM_API_URL", "https://api.example/v1")
    says = f"The key in ITLIM_API_KEY is not sent to {httpserver.url_for('/v1')}"
    assert says in plain_texts(open_app("data_models", part="Model pairs"))
    app = ask()
    assert says in plain_texts(app)
    assert response_of(app).startswith("Toyota")
    assert KEY not in "".join(str(request.headers) for request, _ in httpserver.log)
    assert KEY not in all_that_is_sent(app)


def test_a_server_that_a_setting_names_gets_the_key(added, httpserver, monkeypatch):
    monkeypatch.setenv("ITLIM_API_KEY", KEY)
    monkeypatch.setenv("ITLIM_KEY_URLS", httpserver.url_for("/v1"))
    assert "is not sent to" not in plain_texts(ask())
    assert httpserver.log[0][0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_missing_tokenizer_keeps_the_pair_out_of_the_library(home):
    app = open_app("data_models", part="Model pairs")
    app.text_input(key="remote_name").set_value("mine")
    for role in ("base", "tuned"):
        app.text_input(key=f"remote_{role}_url").set_value("http://127.0.0.1:1/v1")
        app.text_input(key=f"remote_{role}_model").set_value("m")
        app.text_input(key=f"remote_{role}_tokenizer").set_value(str(home / "nowhere"))
    app = button(app, "Add the served pair").click().run()
    assert "There is no file or folder" in app.error[0].value
    assert load_library().remote_pairs == {}


def test_a_public_server_shows_a_stored_answer_without_the_address_of_its_servers(
    added, monkeypatch
):
    run_id = ask().query_params["run"]
    services.shared_store().close()
    st.cache_resource.clear()
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    app = open_app("ask", run=run_id)
    assert "Answer from served. Base: base. Tuned: sft." in plain_texts(app)
    assert "localhost" not in all_that_is_sent(app)


def test_a_public_server_neither_adds_nor_asks_nor_names_servers(added, monkeypatch):
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    app = open_app("data_models", part="Model pairs")
    assert "Add the served pair" not in [one.label for one in app.button]
    assert "127.0.0.1" not in json.dumps(app.dataframe[0].value.to_dict())
    assert "localhost" not in json.dumps(app.dataframe[0].value.to_dict())
    asked = open_app("ask")
    assert not [one for one in asked.selectbox(key="ask_pair").options if "served" in one]
