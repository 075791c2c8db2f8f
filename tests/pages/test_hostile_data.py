"""Hostile texts on every page reach Markdown and HTML as text, and no case ends in a traceback.

Streamlit interprets most strings that it is sent as Markdown. The test reads every string of
every element and block, except those of fields that are shown as they are.
"""

import re
import shutil
from html.parser import HTMLParser

import pytest
from app_pages import all_that_is_sent, open_app
from hostile_data import BATCH, HOST, HOSTILE, IMPORTED, NAME, RUN_ID, fill

from itlim.library import load_library
from itlim.trace import build_index

# Fields that a browser shows as they are, by message and field.
AS_IS = {
    ("Text", "body"),
    ("Code", "code_text"),
    ("Arrow", "*"),
    ("ArrowData", "*"),
    ("ArrowDataframe", "*"),
    ("Dataframe", "*"),
    ("PlotlyChart", "*"),
    ("BidiComponent", "*"),
    ("TextArea", "value"),
    ("TextArea", "default"),
    ("TextArea", "set_value"),
    ("TextArea", "placeholder"),
    ("TextInput", "value"),
    ("TextInput", "default"),
    ("TextInput", "set_value"),
    ("TextInput", "placeholder"),
    ("Selectbox", "options"),
    ("Selectbox", "raw_value"),
    ("Selectbox", "set_value"),
    ("Selectbox", "placeholder"),
    ("MultiSelect", "options"),
    ("MultiSelect", "raw_values"),
    ("MultiSelect", "default"),
    ("MultiSelect", "placeholder"),
    ("PageLink", "query_string"),
    ("Exception", "*"),
}
NOT_SHOWN = {"id", "form_id", "key", "url", "query_param_key", "element_id", "data", "file_name"}
LIVE = re.compile(
    r"(?<!\\)!\[zq|(?<!\\)\[zq\]|(?<!\\)<(img|script|zq-tag|b>|https)|:red(?<!\\)\[|(?<!\\)\$zq"
    r"|(?<!\\)\*\*zqbold|:material/bug"
)
CASES = [
    ("ask", {"run": RUN_ID}),
    ("ask", {"ask": "![zq](https://evil.example/x.png) **zqbold**"}),
    ("ask", {"run": "<img src=x> ![zq](x) :red[zq]"}),
    ("ask", {"run": RUN_ID, "token": "9" * 400, "sel": "0-" + "9" * 400, "marginal": "9" * 5000}),
    ("trace", {"run": RUN_ID}),
    ("trace", {"run": RUN_ID, "span": "0-12", "datasets": NAME}),
    ("trace", {"run": RUN_ID, "datasets": "demo,![zq](https://evil.example/a.png)"}),
    ("trace", {"run": RUN_ID, "span": "3-999999999999", "cand": "<img src=x>"}),
    ("trace", {"view": "Search", "q": "![zq](x) **zqbold**", "datasets": NAME}),
    ("trace", {"view": "Instance", "instance": "![zq](x)-1"}),
    ("trace", {"run": "\x00\x01", "span": "-", "view": "![zq]"}),
    ("test", {"run": RUN_ID, "span": "0-12", "retraining": "![zq](x)"}),
    ("test", {"run": RUN_ID}),
    ("mark", {"study": "dogs"}),
    ("mark", {"study": "![zq](x)", "item": "<script>"}),
    ("mark", {"study": "dogs", "item": "item-zq"}),
    ("adjudicate", {"study": "dogs"}),
    ("adjudicate", {"study": "dogs", "item": "item-zq"}),
    ("judge_pairs", {"study": "dogs", "item": "![zq](x)"}),
    ("data_models", {"part": "Datasets"}),
    ("data_models", {"part": "Model pairs"}),
    ("data_models", {"part": "Stored runs"}),
    ("data_models", {"part": "![zq](x)"}),
    ("findings", {"pairs": NAME, "versus": f"{NAME},{NAME}", "tag": "![zq](x)"}),
    ("findings", {"pairs": NAME, "part": "Model judge", "row": f"{NAME}:judge_clarity"}),
    ("findings", {"pairs": NAME, "part": "Model judge", "scores": "By task (Tables 16 and 17)"}),
    ("findings", {"pairs": f"{NAME},{HOSTILE}", "part": "Model judge", "judge": "Preferences"}),
    ("findings", {"pairs": NAME, "part": "Model judge", "judge": "Beside people"}),
    ("findings", {"pairs": NAME, "part": "Model judge", "rater": "![zq](x)", "beside": "<b>"}),
    *(
        ("findings", {"pairs": f"{NAME},{HOSTILE}", "part": part})
        for part in (
            "Kinds and sizes",
            "Words and style",
            "Marked phrases",
            "Datasets",
            "Two pairs",
            "Remedies",
            "Query",
        )
    ),
    ("ask", {"run": IMPORTED.run_id}),
    ("trace", {"run": IMPORTED.run_id, "span": "0-12", "datasets": NAME}),
    ("trace", {"view": "Search", "q": "zqbold", "datasets": NAME}),
    ("trace", {"view": "Search", "q": "zqbold", "mode": "Similar text", "datasets": NAME}),
    ("test", {"run": RUN_ID, "span": "0-12", "lab": "Ask differently"}),
    ("judge_pairs", {"study": "sides"}),
    ("judge_pairs", {"study": "sides", "view": "Counts"}),
    ("data_models", {"part": "Batches"}),
    ("data_models", {"part": "Batches", "batch": BATCH}),
    ("data_models", {"part": "Derived datasets"}),
    ("data_models", {"part": "Derived datasets", "derived": NAME}),
    ("data_models", {"part": "Backups"}),
    ("data_models", {"part": "Disk & memory"}),
    ("evidence", {"part": "<img src=x>"}),
    ("tour", {"step": "99999999999999999999"}),
]


class Tags(HTMLParser):
    """Collects what hostile HTML would make: elements, handlers, addresses and scripts."""

    def __init__(self):
        super().__init__()
        self.found, self._in_script = [], False

    def handle_starttag(self, tag, attrs):
        self._in_script = tag == "script"
        self.found += [tag] if tag in ("img", "zq-tag", "iframe", "form") else []
        self.found += [name for name, _ in attrs if name.startswith("on")]
        self.found += [value for _, value in attrs if "javascript:" in (value or "")]

    def handle_data(self, data):
        self.found += [data] if self._in_script and "zqran" in data else []


def strings(message, path=()):
    """Every string of a message, with the name of its message and field."""
    name = type(message).__name__
    for field, value in message.ListFields():
        values = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
        for one in values:
            if hasattr(one, "ListFields"):
                yield from strings(one, (*path, name))
            elif isinstance(one, str):
                yield name, field.name, one


def protos(block):
    proto = getattr(block, "proto", None)
    if proto is not None and hasattr(proto, "ListFields"):
        yield proto
    for child in getattr(block, "children", {}).values():
        yield from protos(child)


def faults(app):
    for table in app.table:
        for text in table.value.astype(str).to_numpy().ravel():
            if LIVE.search(text):
                yield "Table", "cell", text
    for proto in protos(app._tree):
        for message, field, text in strings(proto):
            if message == "Html" and field == "body":
                tags = Tags()
                tags.feed(text)
                if tags.found:
                    yield message, field, tags.found
                continue
            if (message, field) in AS_IS or (message, "*") in AS_IS or field in NOT_SHOWN:
                continue
            if LIVE.search(text):
                yield message, field, text


@pytest.fixture(scope="module")
def filled(first_start, built, tmp_path_factory):
    """A home with the hostile data and the demo's index."""
    home = tmp_path_factory.mktemp("hostile")
    shutil.copy(first_start, home / "itlim.duckdb")
    fill(home)
    shutil.copytree(built, home / "indexes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(home))
        build_index(load_library().dataset(NAME), lexical_only=True)
    return home


@pytest.fixture(autouse=True)
def hostile_home(home, filled):
    shutil.copytree(filled, home, dirs_exist_ok=True)


def test_the_hostile_data_is_read():
    assert NAME in load_library().pairs
    assert NAME in load_library().datasets
    assert "zq" in all_that_is_sent(open_app("ask", run=RUN_ID))


@pytest.mark.parametrize(("page", "query"), CASES)
def test_a_page_shows_hostile_texts_as_text(page, query):
    app = open_app(page, state={"annotator_name": "zoe"}, **query)
    assert not app.exception
    assert list(faults(app)) == []


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("Datasets", "datasets_table"),
        ("Model pairs", "pairs_table"),
        ("Stored runs", "runs_table"),
    ],
)
@pytest.mark.parametrize("row", [0, -1])
def test_a_selected_row_of_hostile_texts_is_shown_as_text(part, key, row):
    app = open_app("data_models", part=part)
    n = len(app.dataframe[0].value)
    app.session_state[key] = {"selection": {"rows": [row % n], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert list(faults(app)) == []


def test_a_hostile_name_of_a_person_is_shown_as_text():
    for page in ("mark", "adjudicate", "judge_pairs"):
        app = open_app(page, state={"annotator_name": NAME}, study="dogs")
        assert not app.exception
        assert list(faults(app)) == []
        assert HOST not in " ".join(one.proto.url for one in app.get("link_button"))


def test_a_revealed_item_is_shown_as_text():
    app = open_app("mark", state={"annotator_name": "ann"}, study="dogs", item="item-zq")
    assert not app.exception
    assert HOSTILE.split()[0] in all_that_is_sent(app)
    assert list(faults(app)) == []


@pytest.mark.parametrize(
    ("part", "table", "button"),
    [
        ("Datasets", "datasets_table", "Remove from the library"),
        ("Model pairs", "pairs_table", "Remove "),
    ],
)
def test_a_dialog_shows_hostile_texts_as_text(part, table, button):
    app = open_app("data_models", part=part)
    n = len(app.dataframe[0].value)
    app.session_state[table] = {"selection": {"rows": [n - 1], "columns": [], "cells": []}}
    app.run()
    next(one for one in app.button if one.label.startswith(button)).click().run()
    assert not app.exception
    assert "removed from the library" in all_that_is_sent(app)
    assert list(faults(app)) == []
