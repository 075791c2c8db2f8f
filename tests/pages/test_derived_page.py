"""Derived datasets on Data & models under AppTest: make one, compare it, and what is refused."""

import io
import json
import threading
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_pages import all_that_is_sent, button, open_app, plain_texts, texts, unescaped
from chat_server import answer_with, chat_answer, chat_failure
from remedies.parents import ROWS, parent_of, write_rows

from itlim.datasets.lineage import lineage_path, read_lineage
from itlim.errors import InputError
from itlim.ids import response_run_id
from itlim.library import DatasetEntry, add_dataset, load_library
from itlim.remedies.deriving import read_parent, replies_path, write_derived
from itlim.remedies.filtering import Cut
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import simplified_by_rules
from itlim.ui.data_models.datasets import listed_datasets
from itlim.ui.data_models.derive_form import works
from itlim.ui.data_models.derive_ratings import filtered_by_ratings

LIMIT_SECONDS = 60
HOSTILE = "<b>x</b> *y*"
KEY = "sk-very-secret-0123456789"


class Upload(io.BytesIO):
    """An uploaded Parquet file."""

    def __init__(self, name, table):
        super().__init__()
        pq.write_table(table, self)
        self.name = name


@pytest.fixture
def endpoint(httpserver, monkeypatch):
    monkeypatch.setenv("ITLIM_API_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("ITLIM_API_MODEL", "m")
    monkeypatch.setenv("ITLIM_API_KEY", KEY)
    return httpserver


@pytest.fixture
def mine(home):
    """A dataset of the library."""
    path = write_rows(home / "mine.jsonl", [*ROWS, {"instruction": HOSTILE, "output": HOSTILE}])
    add_dataset(DatasetEntry(name="mine", path=path))
    return path


@pytest.fixture
def short(mine, home):
    """A dataset made from it."""
    return derived_from(home, parent_of(home, [*ROWS, {"instruction": HOSTILE, "output": HOSTILE}]))


def derived_from(home, parent):
    out = home / "datasets" / "short.jsonl"
    out.parent.mkdir()
    write_derived(out, parent, simplified_by_rules(parent, SimplifyRules(sentences=1)))
    add_dataset(DatasetEntry(name="short", path=out))
    return out


@pytest.mark.parametrize("part", ["Datasets", "Derived datasets"])
@pytest.mark.parametrize("broken", [{"parent": None}, {"rows": "many"}, {"failed": [1]}])
def test_a_damaged_lineage_is_named_and_does_not_take_the_page_down(short, part, broken):
    path = lineage_path(short)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | broken))
    place = [one.name for one in listed_datasets(load_library())].index("short")
    selected = {"selection": {"rows": [place], "columns": [], "cells": []}}
    app = open_app("data_models", state={"datasets_table": selected}, part=part)
    assert not app.exception
    assert "short.jsonl.lineage is not a lineage that itlim wrote" in unescaped(app.error)


def opened(**query):
    app = open_app("data_models", part="Derived datasets", **query)
    assert not app.exception
    return app


def html(app):
    return " ".join(one.proto.body for one in app.get("html"))


def chosen(**values):
    app = opened()
    app.selectbox(key="derive_from").set_value("mine").run()
    for key, value in values.items():
        app.segmented_control(key=key).set_value(value).run()
    assert not app.exception
    return app


def finished(app):
    """The app once what was started has ended."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while "Cancel" in [one.label for one in app.button]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        app.run()
    assert not app.exception
    return app


def test_without_a_derived_dataset_the_page_says_what_one_is(mine):
    app = opened()
    assert "No dataset has been made from another one yet." in texts(app.caption)


def test_the_preview_shows_what_changes_before_anything_is_made(mine, home):
    app = chosen()
    assert "First 5 rows: 3 changed, 2 unchanged, 0 left out" in texts(app.caption)
    assert "<del>Sure! </del>Emma is by Jane Austen." in html(app)
    assert not (home / "datasets").exists()


def test_a_simplified_dataset_is_made_listed_and_opened(mine, home):
    app = chosen()
    app.number_input(key="derive_sentences").set_value(1).run()
    finished(button(app, "Make dataset").click().run())
    out = home / "datasets" / "mine-simplified.jsonl"
    assert read_lineage(out).settings == {"sentences": 1, "items": 3}
    assert app.query_params["derived"] == "mine-simplified"
    entry = load_library().dataset("mine-simplified")
    assert entry.path == out.resolve()
    assert "Made from mine: Simplified by offline rules" in entry.note
    assert "mine-simplified" in unescaped(opened().markdown)


@pytest.mark.parametrize(
    ("operation", "name", "rows"),
    [("Filter", "mine-filtered", 1), ("Random subset", "mine-random-0", 2)],
)
def test_filters_and_their_control_are_made(mine, home, operation, name, rows):
    app = chosen(derive_operation=operation)
    if operation == "Filter":
        app.selectbox(key="derive_score").set_value("quality").run()
    else:
        app.number_input(key="derive_size").set_value(2).run()
    finished(button(app, "Make dataset").click().run())
    assert read_lineage(home / "datasets" / f"{name}.jsonl").rows == rows


def test_the_control_of_a_filter_has_its_number_of_rows(mine, home):
    app = chosen(derive_operation="Random subset")
    assert app.number_input(key="derive_size").value == 100
    assert "No filter of mine is there yet" in plain_texts(app)
    app = chosen(derive_operation="Filter")
    app.selectbox(key="derive_score").set_value("quality").run()
    finished(button(app, "Make dataset").click().run())
    app = chosen(derive_operation="Random subset")
    assert app.number_input(key="derive_size_mine-filtered").value == 1
    assert "mine-filtered has 1 row." in plain_texts(app)
    finished(button(app, "Make dataset").click().run())
    assert read_lineage(home / "datasets" / "mine-random-0.jsonl").rows == 1


def test_rows_are_filtered_by_an_uploaded_file_of_ratings(home):
    parent = parent_of(home)
    ids = [
        response_run_id("", row["instruction"], row["input"], row["response"])
        for row in parent.rows()
    ]
    table = pa.table({"response_id": ids, "factuality": [5, 2, 4, None]})
    file = Upload("judged.parquet", table)
    kept = filtered_by_ratings(parent, "factuality", Cut(threshold=4), file)
    assert [row.parent_id for row in kept.rows] == ["mine-1", "mine-3"]
    assert kept.settings == {"score": "factuality", "threshold": 4, "ratings": "judged.parquet"}
    with pytest.raises(InputError, match=r"^judged\.parquet has no ratings 'depth'"):
        filtered_by_ratings(parent, "depth", Cut(keep=1), file)


def test_the_filter_has_a_field_for_ratings(mine):
    labels = [one.label for one in chosen(derive_operation="Filter").get("file_uploader")]
    assert "Ratings of the responses by a judge (optional)" in labels


def test_evolving_by_a_server_says_which_operation_is_not_the_papers(mine):
    app = chosen(derive_operation="Evolve", derive_by="Model on a server")
    assert "no prompt for the fifth, complicate input" in texts(app.caption)
    app = chosen(derive_operation="Simplify", derive_by="Model on a server")
    assert "complicate input" not in texts(app.caption)


def test_templates_say_that_they_are_no_model(mine, home):
    app = chosen(derive_operation="Evolve")
    assert "no response says anything new" in texts(app.caption)
    finished(button(app, "Make dataset").click().run())
    lineage = read_lineage(home / "datasets" / "mine-evolved-templates.jsonl")
    assert "without a model" in lineage.method


def test_a_server_is_asked_and_failures_are_named_and_asked_again(mine, home, endpoint):
    broken = True

    @answer_with
    def reply(asked):
        text = asked["messages"][0]["content"]
        if broken and "river" in text:
            return chat_failure(400, "too long")
        return text.split("##Response: ")[1].split(".")[0]

    endpoint.expect_request("/v1/chat/completions").respond_with_handler(reply)

    def make():
        app = chosen(derive_by="Model on a server")
        app.number_input(key="derive_rate").set_value(60_000).run()
        assert "##Query: Who wrote Emma?" in texts(app.code)
        return finished(button(app, "Make dataset").click().run())

    app = make()
    out = home / "datasets" / "mine-simplified.jsonl"
    assert [one.instance_id for one in read_lineage(out).failed] == ["mine-3"]
    assert "1 row failed and are not in the dataset, such as mine-3" in plain_texts(app)
    broken = False
    make()
    assert read_lineage(out).failed == ()
    assert len(endpoint.log) == 6
    assert replies_path(out).exists()


@pytest.mark.parametrize(("operation", "n"), [("Simplify", 5), ("Evolve", 10)])
def test_the_cost_is_estimated_before_and_stated_during_and_after_the_work(
    mine, home, endpoint, operation, n
):
    may_end = threading.Event()
    asked = []

    @answer_with
    def reply(request):
        asked.append(request)
        if len(asked) == n:
            may_end.wait(LIMIT_SECONDS)
        return f"answer {len(asked)}"

    endpoint.expect_request("/v1/chat/completions").respond_with_handler(reply)
    app = chosen(derive_operation=operation, derive_by="Model on a server")
    assert "Enter both prices to see the cost." in plain_texts(app)
    for key, value in (("rate", 60_000), ("prompt_price", 100.0), ("reply_price", 1000.0)):
        app.number_input(key=f"derive_{key}").set_value(value)
    app.run()
    assert f"tokens of replies in {n} requests. Estimated cost: 0." in plain_texts(app)
    assert not endpoint.log
    button(app, "Make dataset").click().run()
    (work,) = works().values()
    deadline = time.monotonic() + LIMIT_SECONDS
    during = f"{n - 1} of {n}, {(n - 1) * 13} tokens, cost 0.0"
    while during not in work.phase and time.monotonic() < deadline:
        time.sleep(0.02)
    assert during in work.phase
    may_end.set()
    app = finished(app)
    assert f"Made with {n} requests, {n * 13} tokens, cost 0.0" in plain_texts(app)


def test_work_that_fails_or_is_canceled_says_what_it_has_cost_so_far(mine, home, endpoint):
    endpoint.expect_ordered_request("/v1/chat/completions").respond_with_json(chat_answer("ok"))
    endpoint.expect_ordered_request("/v1/chat/completions").respond_with_response(chat_failure(401))
    app = chosen(derive_by="Model on a server")
    app.number_input(key="derive_rate").set_value(60).run()
    app = finished(button(app, "Make dataset").click().run())
    assert "refused the key" in unescaped(app.error)
    assert "So far: 1 request, 13 tokens." in plain_texts(app)


def test_cancel_keeps_replies_and_writes_no_dataset(home, endpoint):
    rows = [{"instruction": f"Q{n}", "output": f"A{n}."} for n in range(40)]
    add_dataset(DatasetEntry(name="mine", path=write_rows(home / "mine.jsonl", rows)))
    may_end = threading.Event()

    @answer_with
    def reply(asked):
        if "##Query: Q9\n" in asked["messages"][0]["content"]:
            may_end.wait(LIMIT_SECONDS)
        return "ok"

    endpoint.expect_request("/v1/chat/completions").respond_with_handler(reply)
    app = chosen(derive_by="Model on a server")
    app.number_input(key="derive_rate").set_value(300).run()
    button(app, "Make dataset").click().run()
    out = home / "datasets" / "mine-simplified.jsonl"
    deadline = time.monotonic() + LIMIT_SECONDS
    while not replies_path(out).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    button(app, "Cancel").click().run()
    may_end.set()
    app = finished(app)
    assert "Replies of a server are kept" in texts(app.info)
    assert "So far: " in texts(app.info)
    assert not out.exists()
    assert replies_path(out).read_text()


def test_the_server_is_a_setting_and_no_field(mine, endpoint):
    app = chosen(derive_by="Model on a server")
    url = endpoint.url_for("/v1")
    assert f"Server: {url} (ITLIM_API_URL). Key: from ITLIM_API_KEY." in plain_texts(app)
    assert url not in [one.value for one in app.text_input]
    assert KEY not in all_that_is_sent(app)


def test_without_a_server_the_page_says_how_to_set_one(mine, monkeypatch):
    monkeypatch.delenv("ITLIM_API_URL", raising=False)
    app = chosen(derive_by="Model on a server")
    assert "No server is set up" in texts(app.info)
    assert "ITLIM_API_URL=" in texts(app.code)
    assert "Make dataset" not in [one.label for one in app.button]


@pytest.mark.parametrize("url", ["nowhere", "http://me:secret@host/v1", "http://h/v1?key=secret"])
def test_a_wrong_server_is_an_error_without_its_password_and_leaves_no_dataset(
    mine, endpoint, monkeypatch, url
):
    monkeypatch.setenv("ITLIM_API_URL", url)
    app = chosen(derive_by="Model on a server")
    assert "The base URL" in unescaped(app.error)
    assert "secret" not in all_that_is_sent(app)
    assert "Make dataset" not in [one.label for one in app.button]
    assert "mine-simplified" not in load_library().datasets


def test_a_taken_name_is_rejected(mine, home):
    app = chosen()
    app.text_input(key="derive_name_mine-simplified").set_value("demo").run()
    button(app, "Make dataset").click().run()
    assert "A dataset named 'demo' already exists" in unescaped(app.error)


def test_the_comparison_has_lineage_totals_and_the_first_row(short):
    app = opened(derived="short")
    text = plain_texts(app)
    assert "Made from mine (5 instances" in text
    assert "5 rows: 3 changed, 2 unchanged, 0 left out." in texts(app.markdown).replace("*", "")
    assert "Words of all responses: 34 before, 18 after (53%)." in texts(app.markdown)
    table = app.dataframe[0].value
    assert table["change"].tolist() == [-5, 0, -9, -2, 0]
    assert "mine-1, changed." in text


def test_the_address_of_a_row_shows_that_row_with_its_differences(short):
    app = opened(derived="short", row="mine-3")
    assert "mine-3, changed." in plain_texts(app)
    assert "The Nile.<del> It is long." in html(app)
    app = opened(derived="short", row="mine-99")
    assert "There is no row 'mine-99'" in unescaped(app.warning)


def test_rows_are_filtered_by_what_became_of_them(short):
    changed = ["mine-1", "mine-3", "mine-4"]
    app = opened(derived="short")
    app.segmented_control(key="derived_kind").set_value("Changed").run()
    assert app.dataframe[0].value["row"].tolist() == changed
    app = opened(derived="short", derived_kind="Changed")
    assert app.dataframe[0].value["row"].tolist() == changed


def test_texts_of_rows_are_never_markup(short):
    app = opened(derived="short", row="mine-5")
    assert HOSTILE not in html(app)
    assert "&lt;b&gt;x&lt;/b&gt; *y*" in html(app)


def test_a_changed_or_missing_parent_is_said(short, mine):
    write_rows(mine, ROWS[:3])
    app = opened(derived="short")
    assert "mine has changed since short was made from it" in unescaped(app.warning)
    mine.unlink()
    app = opened(derived="short")
    assert "no longer at its place" in unescaped(app.warning)


def test_a_dataset_made_from_a_folder_is_compared_and_a_changed_file_of_it_is_said(home):
    folder = home / "parts"
    folder.mkdir()
    write_rows(folder / "train-00000-of-00002.jsonl", ROWS[:2])
    write_rows(folder / "train-00001-of-00002.jsonl", ROWS[2:])
    entry = DatasetEntry(name="parts", path=folder)
    add_dataset(entry)
    derived_from(home, read_parent(entry))
    app = opened(derived="short")
    assert not app.warning
    assert "4 rows: 3 changed, 1 unchanged, 0 left out." in texts(app.markdown).replace("*", "")
    write_rows(folder / "train-00001-of-00002.jsonl", ROWS[3:])
    app = opened(derived="short")
    assert "parts has changed since short was made from it" in unescaped(app.warning)


def test_a_dataset_made_from_the_hub_says_what_to_do(home):
    parent = parent_of(home)
    derived_from(home, replace(parent, facts=replace(parent.facts, source="owner/name")))
    app = opened(derived="short")
    assert "was read from the hub (owner/name)" in unescaped(app.warning)
    assert "Download its file, add it under Datasets" in unescaped(app.warning)


def test_a_dataset_without_lineage_is_not_compared(mine):
    assert "no lineage is recorded" in unescaped(opened(derived="mine").error)
    assert "No dataset named 'none'" in unescaped(opened(derived="none").error)


def test_a_damaged_lineage_is_an_error_and_the_page_is_drawn(short):
    lineage_path(short).write_text(json.dumps({"kind": "other"}))
    app = opened()
    assert "is not a lineage that itlim wrote" in unescaped(app.error)


def test_the_datasets_part_shows_the_lineage_and_leads_to_the_comparison(short):
    app = open_app("data_models", part="Datasets")
    place = [one.name for one in listed_datasets(load_library())].index("short")
    app.session_state["datasets_table"] = {
        "selection": {"rows": [place], "columns": [], "cells": []}
    }
    app.run()
    assert not app.exception
    assert "Made from mine (5 instances" in plain_texts(app)
    button(app, "Compare with mine").click().run()
    assert app.query_params["derived"] == "short"
    assert "mine-1, changed." in plain_texts(app)
