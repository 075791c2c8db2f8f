"""The app as a public server: no page offers what is refused, and no address gets around it."""

import hashlib

import pytest
from app_pages import all_that_is_sent, button, open_app, plain_texts, texts
from example_runs import FEATURED_RUN
from streamlit import config
from streamlit.testing.v1 import AppTest

from itlim.library import load_library
from itlim.settings import PROJECT_FOLDER
from itlim.store.connection import Store
from itlim.ui.data_models.page import STORAGE
from itlim.ui.shared import services
from itlim.ui.shared.public import MAX_INSTRUCTION, TASKS, Action, RateLimit, refusal

PAGES = [
    ("ask", {}),
    ("ask", {"run": FEATURED_RUN}),
    ("ask", {"ask": "Who?", "all": "true"}),
    ("trace", {}),
    ("trace", {"view": "Search"}),
    ("test", {}),
    ("mark", {}),
    ("adjudicate", {}),
    ("judge_pairs", {}),
    ("data_models", {"part": "Datasets"}),
    ("data_models", {"part": "Derived datasets"}),
    ("data_models", {"part": "Derived datasets", "derived": "demo", "row": "demo-1"}),
    ("data_models", {"part": "Model pairs"}),
    ("data_models", {"part": "Stored runs"}),
    ("data_models", {"part": "Backups"}),
    ("data_models", {"part": "Batches"}),
    ("data_models", {"part": "Batches", "batch": "x"}),
    ("data_models", {"part": STORAGE}),
    ("findings", {}),
    ("findings", {"part": "Model judge", "judge": "Ask or import"}),
    ("evidence", {}),
    ("tour", {}),
]
REFUSED_BUTTONS = (
    "Add the pair",
    "Add and index",
    "Make dataset",
    "Import",
    "Make a backup",
    "Restore",
    "Prepare export",
    "Delete",
    "Remove",
    "Build",
    "Rebuild",
    "Fit to these answers",
    "Return to the shipped baseline",
    "Save demo as",
    "Retrain without it",
    "Unload",
)
NAMED = {"mark", "adjudicate", "judge_pairs"}


@pytest.fixture(autouse=True)
def public(indexed, monkeypatch):
    limit = config.get_option("server.maxUploadSize")
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    yield
    config.set_option("server.maxUploadSize", limit)


def digest(home):
    return hashlib.sha256((home / "itlim.duckdb").read_bytes()).hexdigest()


def is_offered(label):
    return label.startswith(REFUSED_BUTTONS)


@pytest.mark.parametrize(("page", "query"), PAGES)
def test_a_page_offers_nothing_that_is_refused_and_says_what_is_kept(page, query, home):
    before = digest(home)
    state = {"annotator_name": "Ann"} if page in NAMED else {}
    app = open_app(page, state=state, **query)
    assert not app.exception
    assert not app.get("file_uploader")
    assert not [one.label for one in app.button if is_offered(one.label)]
    assert not [one.label for one in app.get("download_button") if "backup" in one.label.lower()]
    said = plain_texts(app)
    assert said.count("kept for this visit only") == 1
    for action in Action:
        assert said.count(refusal(action)) <= 1
    for folder in (home, PROJECT_FOLDER):
        assert f"{folder}/" not in all_that_is_sent(app)
    assert digest(home) == before


@pytest.mark.parametrize(
    ("part", "action"),
    [
        ("Datasets", Action.DATASETS),
        ("Datasets", Action.UPLOADS),
        ("Derived datasets", Action.DERIVED),
        ("Model pairs", Action.PAIRS),
        ("Stored runs", Action.RUNS),
        ("Backups", Action.BACKUPS),
        ("Batches", Action.BATCHES),
        (STORAGE, Action.STORAGE),
    ],
)
def test_a_refused_part_says_so(part, action):
    assert refusal(action) in plain_texts(open_app("data_models", part=part))


def test_a_selected_dataset_pair_or_run_cannot_be_changed():
    for part, key in (
        ("Datasets", "datasets_table"),
        ("Model pairs", "pairs_table"),
        ("Stored runs", "runs_table"),
    ):
        app = open_app("data_models", part=part)
        app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
        app.run()
        assert not app.exception
        assert not [one.label for one in app.button if is_offered(one.label)]


def test_a_long_instruction_of_an_address_is_refused():
    app = open_app("ask", ask="x" * (MAX_INSTRUCTION + 1))
    assert not app.text_area(key="ask_instruction").value
    assert f"this public server takes at most {MAX_INSTRUCTION:,}" in texts(app.error)
    assert not app.exception


def test_a_visit_that_asks_too_much_is_told_to_wait_and_keeps_its_question():
    spent = RateLimit()
    for _ in range(TASKS):
        spent.take()
    app = open_app("ask", state={"visit-rate": spent})
    app.text_area(key="ask_instruction").set_value("Who founded Toyota, once more?")
    button(app, "Ask").click().run()
    assert f"You have started {TASKS} tasks" in texts(app.error)
    assert app.text_area(key="ask_instruction").value == "Who founded Toyota, once more?"
    assert not app.exception


def test_what_is_asked_is_seen_by_its_visitor_only_and_the_file_does_not_change(home):
    before = digest(home)
    app = open_app("ask")
    app.text_area(key="ask_instruction").set_value("Tell me who founded a town by the sea.")
    app.number_input(key="ask_limit").set_value(4)
    button(app, "Ask").click().run()
    assert not app.exception
    live = app.session_state["live"]
    live.wait(120)
    assert live.error is None
    run_id = live.asked.id
    app.run()
    assert run_id in texts(app.caption)
    other = open_app("ask", run=run_id)
    assert str(home) not in all_that_is_sent(other)
    assert f"No run '{run_id}'" in texts(other.warning).replace("\\", "")
    assert digest(home) == before
    with Store(home / "itlim.duckdb", read_only=True) as store, store.reading() as cursor:
        found = cursor.execute("SELECT count(*) FROM runs WHERE run_id = ?", [run_id]).fetchone()
    assert found == (0,)


def test_a_study_of_a_visit_is_not_in_the_shared_database(home):
    app = open_app("mark", state={"annotator_name": "Ann"})
    assert not app.exception
    assert refusal(Action.STUDY_FILES) in plain_texts(app)
    title = next(one for one in app.text_input if one.label == "Title")
    title.set_value("Study of a visit").run()
    button(app, "Create study").click().run()
    assert not app.exception
    assert "Study of a visit" in all_that_is_sent(app)
    other = open_app("mark", state={"annotator_name": "Ann"})
    assert "Study of a visit" not in all_that_is_sent(other)


def test_a_server_that_stores_the_work_of_visitors_needs_a_login(monkeypatch):
    monkeypatch.setenv("ITLIM_READ_ONLY", "0")
    services.shared_store().close()
    services.shared_store.clear()
    app = open_app("ask")
    assert "needs a login" in texts(app.error).replace("\\", "")
    assert not app.button


def test_the_upload_address_takes_no_file():
    open_app("ask")
    # Streamlit rejects every body that is larger than this number of megabytes.
    assert config.get_option("server.maxUploadSize") == 0


def test_an_invalid_setting_is_one_clear_message(monkeypatch):
    monkeypatch.setenv("ITLIM_PUBLIC", "maybe")
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=60).run()
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    assert "expected 1 or 0" in texts(app.error)
    assert not app.exception


def test_the_library_cannot_be_changed_by_a_public_server(home):
    names = list(load_library().pairs)
    app = open_app("data_models", part="Model pairs")
    assert not app.text_input
    assert list(load_library().pairs) == names
    assert not (home / "library.toml").exists()
