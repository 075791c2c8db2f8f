"""The Datasets page under AppTest: preview and add a dataset, build its index, list its pairs."""

import json
import time

import pytest
from app_pages import all_that_is_sent, open_app
from streamlit.testing.v1 import AppTest

from itlim.errors import InputError
from itlim.library import DatasetEntry, add_dataset, load_library
from itlim.settings import PROJECT_FOLDER, data_folders
from itlim.ui.data_models.dataset_form import data_files
from itlim.ui.shared.allowed_paths import allowed_path
from itlim.ui.shared.tracing.index_build import IndexBuild
from itlim.ui.shared.tracing.indexes import builds

ROWS = [
    {"ask": "Who found the comet?", "reply": "Ann Lee found the comet in 1911."},
    {"ask": "Name a river.", "reply": "The Volga."},
]


@pytest.fixture
def no_builds(monkeypatch):
    """Replace index builds by a list of the datasets for which one was started."""
    started = []
    monkeypatch.setattr(IndexBuild, "start", lambda self: started.append(self.entry.name) or self)
    monkeypatch.setattr(IndexBuild, "done", property(lambda self: True))
    return started


def write_rows(path, rows=ROWS):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def open_datasets():
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=60).run()
    return app.switch_page("pages/views/data_models.py").run()


def box(app, label):
    return next(one for one in app.selectbox if one.label == label)


def texts(elements):
    return " ".join(str(element.value) for element in elements)


def test_the_papers_datasets_are_listed_with_their_licenses():
    app = open_datasets()
    assert not app.exception
    table = app.dataframe[0].value.set_index("dataset")
    assert table.loc["dolly-15k", "license"] == "CC BY-SA 3.0"
    assert table.loc["demo", "tuned pairs"] == "demo-sft, demo-lft"


def test_datasets_on_this_machine_are_listed_first():
    locations = open_datasets().dataframe[0].value["location"].tolist()
    here = [one == "on this machine" for one in locations]
    assert any(here)
    assert not all(here)
    assert here == sorted(here, reverse=True)


@pytest.mark.parametrize(
    ("part", "parameter", "key", "name"),
    [("Datasets", "dataset", "datasets_table", "demo"),
     ("Model pairs", "pair", "pairs_table", "demo-lft")],
)  # fmt: skip
def test_the_selected_row_is_in_the_address_and_is_opened_by_it(part, parameter, key, name):
    app = open_app("data_models", part=part)
    place = app.dataframe[0].value[parameter].tolist().index(name)
    app.session_state[key] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    app.run()
    assert app.query_params[parameter] == name
    again = open_app("data_models", part=part, **{parameter: name})
    assert again.session_state[key]["selection"]["rows"] == [place]
    assert not open_app("data_models", part=part, **{parameter: "none"}).exception
    again.segmented_control(key="part").set_value("Backups").run()
    assert parameter not in again.query_params


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("Datasets", "first-rows"),
        ("Datasets", "which-dataset"),
        ("Datasets", "add-dataset"),
        ("Model pairs", "add-pair"),
        ("Batches", "move-batches"),
    ],
)
def test_the_address_opens_what_is_folded(part, key):
    app = open_app("data_models", part=part, dataset="demo", **{key: "true"})
    assert not app.error
    assert app.session_state[key] is True
    assert app.query_params[key] == "true"


def test_a_file_with_unknown_columns_can_be_mapped_previewed_and_added(home, no_builds):
    path = write_rows(home / "mine.jsonl")
    app = open_datasets()
    box(app, "File or folder").set_value(str(path)).run()
    assert "no known format" in texts(app.warning)
    box(app, "Instruction").set_value("ask").run()
    box(app, "Response").set_value("reply").run()
    assert not app.warning
    assert "Ann Lee" in app.dataframe[-1].value.to_string()
    next(button for button in app.button if button.label == "Add and index").click().run()
    entry = load_library().dataset("mine")
    assert entry.mapping == {"instruction": "ask", "response": "reply"}
    assert entry.path == path
    assert no_builds == ["mine"]
    assert not app.exception


def test_files_outside_the_allowed_folders_are_refused(home, tmp_path_factory):
    path = write_rows(tmp_path_factory.mktemp("elsewhere") / "x.jsonl")
    link = home / "link.jsonl"
    link.symlink_to(path)
    for typed in (str(path), str(link), f"{home}/../../etc/passwd"):
        with pytest.raises(InputError, match="is outside the folders"):
            allowed_path(typed, [home])
    with pytest.raises(InputError, match="no file or folder"):
        allowed_path(str(home / "nothing.jsonl"), [home])
    app = open_datasets()
    box(app, "File or folder").set_value(str(link)).run()
    assert "is outside the folders" in texts(app.error)


@pytest.mark.parametrize("place", ["elsewhere", "home"])
def test_a_text_typed_as_a_hub_id_is_never_opened_as_a_path(
    home, tmp_path_factory, monkeypatch, place
):
    folder = home if place == "home" else tmp_path_factory.mktemp("elsewhere")
    path = write_rows(folder / "owner" / "rows")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(folder)
    for typed in (str(path), "owner/rows", "/etc/passwd", "../etc", "~"):
        app = open_datasets()
        kind = next(one for one in app.segmented_control if one.label == "Source")
        kind.set_value("Hub id").run()
        field = next(one for one in app.text_input if one.label == "Hub id")
        field.set_value(typed).run()
        assert len(app.error) == 1
        assert not app.success
        assert "comet" not in all_that_is_sent(app)
        assert "root:" not in all_that_is_sent(app)


def test_a_dataset_folder_with_a_file_that_links_elsewhere_is_refused(home, tmp_path_factory):
    path = write_rows(tmp_path_factory.mktemp("elsewhere") / "x.jsonl")
    (home / "rows").mkdir()
    (home / "rows" / "x.jsonl").symlink_to(path)
    app = open_datasets()
    field = box(app, "File or folder")
    field.options.append(str(home / "rows"))  # as if it were typed
    field.set_value(str(home / "rows")).run()
    assert "is outside the folders" in texts(app.error)
    assert "comet" not in all_that_is_sent(app)


def test_an_environment_variable_allows_further_folders(home, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    path = write_rows(other / "x.jsonl")
    monkeypatch.setenv("ITLIM_DATA_FOLDERS", f"{home}:{other}")
    assert allowed_path(str(path), data_folders()) == path
    assert allowed_path("x.jsonl", data_folders()) == path
    assert path in data_files(data_folders())


def test_rows_that_cannot_be_used_are_shown_before_adding(home):
    rows = [
        {"instruction": "Name a river.", "output": "The Volga."},
        {"instruction": "", "output": "No question."},
    ]
    path = write_rows(home / "bad.jsonl", rows)
    app = open_datasets()
    box(app, "File or folder").set_value(str(path)).run()
    assert "Some of the first rows cannot be used" in texts(app.caption)
    assert "alpaca" in texts(app.success)


def show_detail(name):
    from itlim.library import load_library
    from itlim.ui.data_models.datasets import dataset_detail

    library = load_library()
    dataset_detail(library.dataset(name), library)


def test_the_report_names_columns_that_are_not_used_before_and_after_the_build(home):
    rows = [
        {"instruction": "Name a river.", "output": "The Volga.", "*topic*": "rivers"},
        {"instruction": "Name a lake.", "output": None, "*topic*": "lakes"},
    ]
    entry = DatasetEntry(name="small", path=write_rows(home / "small.jsonl", rows))
    app = open_datasets()
    box(app, "File or folder").set_value(str(entry.path)).run()
    assert "Report on the first 2 rows" in texts(app.markdown)
    shown = texts(app.caption).replace("\\", "")
    assert "1 of 2 rows used, 1 left out" in shown
    assert "the key 'output' is missing (once; line 2)" in shown
    assert "Columns not used: '*topic*' (2 rows)" in shown

    add_dataset(entry)
    wait_for(IndexBuild(entry, lexical_only=True).start())
    detail = AppTest.from_function(show_detail, args=("small",), default_timeout=60).run()
    assert not detail.exception
    assert "Report on all rows" in texts(detail.markdown)
    assert "Columns not used: '*topic*' (2 rows)" in texts(detail.caption).replace("\\", "")


def test_a_name_that_is_taken_is_rejected(home, no_builds):
    write_rows(home / "demo.jsonl", [{"instruction": "a", "output": "b"}])
    app = open_datasets()
    box(app, "File or folder").set_value(str(home / "demo.jsonl")).run()
    next(button for button in app.button if button.label == "Add and index").click().run()
    assert "dataset named 'demo' already exists" in texts(app.error)
    assert no_builds == []


def test_an_index_is_built_on_a_thread_and_bad_rows_are_counted(home):
    rows = [{"instruction": "Name a river.", "output": "The Volga."}, {"instruction": "No answer"}]
    entry = DatasetEntry(name="small", path=write_rows(home / "small.jsonl", rows))
    add_dataset(entry)
    build = IndexBuild(entry, lexical_only=True).start()
    wait_for(build)
    assert build.error is None
    assert build.has_words
    app = open_datasets()
    row = app.dataframe[0].value.set_index("dataset").loc["small"]
    assert (row["index"], row["instances"], row["bad rows"]) == ("ready", 1, 1)
    assert row["embeddings"] == "words only"


def test_a_canceled_build_leaves_no_index(home):
    rows = [{"instruction": "Name a river.", "output": "The Volga."}] * 2000
    entry = DatasetEntry(name="small", path=write_rows(home / "small.jsonl", rows))
    build = IndexBuild(entry, lexical_only=True)
    build.cancel()
    wait_for(build.start())
    assert build.was_cancelled
    assert not [path for path in (home / "indexes").glob("*") if path.is_dir()]


def test_the_page_shows_why_a_build_failed(home):
    entry = DatasetEntry(name="gone", path=home / "gone.jsonl")
    build = IndexBuild(entry, lexical_only=True).start()
    wait_for(build)
    assert "gone.jsonl" in str(build.error)
    builds()["gone"] = build
    assert "gone.jsonl" in texts(open_datasets().error)
    assert "gone" not in builds()


def wait_for(build):
    deadline = time.monotonic() + 60
    while not build.done and time.monotonic() < deadline:
        time.sleep(0.02)
    assert build.done
