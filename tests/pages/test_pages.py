"""Pages under AppTest: with an empty store, with a stored run, and with invalid input."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest
from tiny_models import full_pair

from itlim.library import add_pair, load_library
from itlim.settings import PROJECT_FOLDER
from itlim.store.connection import Store
from itlim.store.runs import count_runs, save_run
from itlim.ui.shared import services
from tests.example_runs import example_run

PAGES = ["ask", "data_models", "evidence", "findings", "tour"]
RUN_ID = "0123456789abcdef"


@pytest.fixture
def with_run(home):
    """Store one run before the app starts."""
    with Store(home / "itlim.duckdb") as store:
        save_run(store, example_run(RUN_ID, created_at=datetime.now(UTC)))


def open_page(name="ask", **query):
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=30)
    if name != "ask":
        app.query_params["run"] = "none"
        app.run()
        app.query_params.clear()
    for key, value in query.items():
        app.query_params[key] = value
    return app.run() if name == "ask" else app.switch_page(f"pages/views/{name}.py").run()


def texts(elements):
    return " ".join(str(element.value) for element in elements)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_error(name):
    app = open_page(name)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_with_a_run_in_the_url(name, with_run):
    app = open_page(name, run=RUN_ID, token="3", sel="1-4", marginal="2", shifted="5")
    assert not app.exception
    assert not app.error


def test_a_linked_run_is_shown_with_its_question_in_the_form(with_run):
    app = open_page(run=RUN_ID)
    assert app.text_area(key="ask_instruction").value == example_run().instruction
    assert RUN_ID in texts(app.caption)
    payloads = [view.proto.json for view in app.get("bidi_component")]
    assert any("caf\\u00e9" in payload for payload in payloads)


def test_thresholds_in_the_url_set_the_slider(with_run):
    app = open_page(run=RUN_ID, marginal="2", shifted="5")
    assert app.slider[0].value == (2, 5)
    app.slider[0].set_value((1, 3)).run()
    assert "marginal" not in app.query_params


@pytest.mark.parametrize(("marginal", "shifted"), [("0", "3"), ("9", "3"), ("x", "-1")])
def test_invalid_thresholds_in_the_url_do_not_raise(with_run, marginal, shifted):
    app = open_page(run=RUN_ID, marginal=marginal, shifted=shifted)
    assert not app.exception


def test_a_link_to_an_unknown_run_warns_and_names_the_run():
    app = open_page(run="feedfeedfeedfeed")
    assert "feedfeedfeedfeed" in texts(app.warning)
    assert not app.exception


def test_an_empty_instruction_is_rejected_once_and_keeps_the_input():
    app = open_page()
    app.text_area(key="ask_instruction").set_value("   ")
    app.text_area(key="ask_input").set_value("keep me")
    next(button for button in app.button if button.label == "Ask").click().run()
    assert texts(app.error).count("The instruction is empty") == 1
    assert app.text_area(key="ask_input").value == "keep me"


def test_a_pair_is_checked_before_it_is_added(tmp_path):
    models = full_pair(tmp_path / "models", "qwen2")
    app = open_page("data_models", part="Model pairs")
    app.text_input[0].set_value("mine")
    app.text_input[1].set_value(str(tmp_path / "nowhere"))
    app.text_input[2].set_value(models.tuned.path)
    add = next(button for button in app.button if button.label == "Add the pair")
    add.click().run()
    assert "nowhere" in texts(app.error)
    assert "mine" not in load_library().pairs
    app.text_input[1].set_value(models.base.path)
    next(button for button in app.button if button.label == "Add the pair").click().run()
    assert not app.error
    assert not app.exception
    assert load_library().pair("mine").tuned.path == models.tuned.path


def test_a_pair_with_a_taken_name_or_of_the_wrong_kind_is_rejected(tmp_path):
    models = full_pair(tmp_path / "models", "qwen2")

    def add(name):
        app.text_input[0].set_value(name)
        app.text_input[1].set_value(models.base.path)
        app.text_input[2].set_value(models.tuned.path)
        next(button for button in app.button if button.label == "Add the pair").click().run()

    app = open_page("data_models", part="Model pairs")
    add("demo-sft")
    assert "'demo-sft' already exists" in texts(app.error)
    app.segmented_control[1].set_value("a LoRA (PEFT) adapter").run()
    add("mine")
    assert "contains a full checkpoint, not a LoRA" in texts(app.error)
    assert "mine" not in load_library().pairs


def test_all_models_of_a_base_may_include_two_pairs_with_the_same_models(tmp_path):
    for name in ("demo-twin", "demo-other-twin"):
        add_pair(replace(load_library().pair("demo-sft"), name=name))
    app = open_page(ask="Tell me who founded Toyota.", all="true")
    assert not app.exception
    assert [one.value for one in app.subheader] == ["base", "LFT (LoRA)", *["SFT (full)"] * 3]
    assert app.query_params["ask"] == "Tell me who founded Toyota."


def test_a_link_to_all_models_names_base_and_input_and_keeps_what_is_typed_afterwards():
    app = open_page(ask="Who founded it?", input="Toyota", pair="real-lft", all="true")
    assert app.selectbox(key="ask_pair").value == "real-lft"
    assert app.text_area(key="ask_input").value == "Toyota"
    shown = {name: app.query_params[name] for name in ("ask", "input", "pair")}
    assert shown == {"ask": "Who founded it?", "input": "Toyota", "pair": "real-lft"}
    app.toggle(key="all").set_value(False).run()
    assert not {"input", "pair"} & set(app.query_params)
    app.text_area(key="ask_instruction").set_value("Who sold it?").run()
    assert app.text_area(key="ask_instruction").value == "Who sold it?"
    assert app.selectbox(key="ask_pair").value == "real-lft"


def test_a_stored_answer_opens_without_loading_a_model(tmp_path):
    from itlim.models.huggingface import load_pair
    from itlim.pipeline import Inspection, identify
    from itlim.records import Request

    pair = replace(full_pair(tmp_path / "models", "qwen2"), name="mine", template="plain")
    add_pair(pair)
    request = Request(pair=load_library().pair("mine"), instruction="Name a river.")
    run = Inspection(identify(request), load_pair(pair)).answer()
    app = open_page()
    save_run(services.store(), run)
    app.selectbox(key="ask_pair").set_value("mine").run()
    app.text_area(key="ask_instruction").set_value("Name a river.")
    next(button for button in app.button if button.label == "Ask").click().run()
    assert app.query_params["run"] == run.run_id
    assert run.run_id in texts(app.caption)
    assert services.pair_cache().loaded == 0


def test_a_search_without_matches_is_reported(with_run):
    app = open_page("data_models", part="Stored runs")
    assert count_runs(services.store()) >= 1
    app.text_input(key="runs_search").set_value("nothing has this").run()
    assert "No stored run matches" in texts(app.info)


def test_stored_runs_can_be_limited_to_a_pair(with_run):
    app = open_page("data_models", part="Stored runs")
    app.multiselect(key="runs_pairs").set_value(["demo-lft"]).run()
    assert set(app.dataframe[0].value["pair"]) == {"demo-lft"}


def test_a_locked_database_is_explained_on_the_page(home):
    import subprocess
    import sys

    code = (
        "import sys, pathlib; from itlim.store.connection import Store\n"
        "store = Store(pathlib.Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home / "itlim.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        owner.stdout.readline()
        app = open_page()
        assert f"process {owner.pid}" in texts(app.error)
        assert not app.exception
        owner.kill()
