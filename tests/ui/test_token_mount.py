"""The token view's Python side under AppTest: the data sent and the reports it checks."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from itlim.ui.shared.mounts import token_seeds


def script() -> None:
    import streamlit as st
    from token_tables import run_row, telescope_table

    from itlim.components.tokens.payload import run_payload
    from itlim.errors import InputError
    from itlim.records import Thresholds
    from itlim.ui.shared.mounts.tokens import token_view

    tokens = telescope_table(run_id=st.session_state.get("doc", "run-1"))
    payload = run_payload(run_row(tokens), tokens)
    wanted = {name: st.session_state.get(name) for name in ("cursor", "selection", "metric")}
    try:
        st.session_state.seen = token_view(payload, key="view", thresholds=Thresholds(), **wanted)
    except InputError as error:
        st.session_state.error = str(error)


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(script)


def sent(app: AppTest) -> dict[str, Any]:
    return json.loads(app.get("bidi_component")[0].proto.json)


def report(app: AppTest, **values: Any) -> None:
    """Report as the browser does, about the response on screen."""
    app.session_state["view"] = {
        name: value and {"doc": "run-1"} | value for name, value in values.items()
    }
    app.run()


def test_valid_reports_are_returned(app: AppTest):
    app.run()
    report(app, selection={"start": 3, "stop": 5}, cursor={"position": 4})
    assert app.session_state.seen.selection == (3, 5)
    assert app.session_state.seen.cursor == 4
    assert app.session_state.seen.trace is None


def test_a_malformed_report_raises_an_input_error(app: AppTest):
    app.run()
    report(app, selection={"start": "3", "stop": 5})
    assert "browser sent start = '3'" in app.session_state.error


def test_the_linked_selection_is_returned_until_the_browser_reports_one(app: AppTest):
    app.session_state.selection = (2, 6)
    app.run()
    assert sent(app)["selection"] == [2, 6]
    assert app.session_state.seen.selection == (2, 6)
    report(app, selection={"start": 0, "stop": 0})
    assert app.session_state.seen.selection is None


def test_a_linked_selection_beyond_the_text_is_ignored(app: AppTest):
    app.session_state.selection = (2, 6000)
    app.run()
    assert app.session_state.seen.selection is None


def test_a_cursor_that_returns_through_the_url_leaves_the_sent_data_unchanged(app: AppTest):
    app.run()
    before = sent(app)
    for position in (12, 15, 18):
        report(app, cursor={"position": position})
        app.session_state.cursor = 12  # the URL lags behind
        app.run()
        assert sent(app) == before


def test_a_reported_position_that_the_url_returns_late_is_no_request(app: AppTest, monkeypatch):
    clock = {"now": 0.0}
    monkeypatch.setattr(token_seeds, "monotonic", lambda: clock["now"])
    app.run()
    for clock["now"], position in ((1.0, 12), (8.0, 18), (15.0, 60)):
        report(app, cursor={"position": position})
    clock["now"] = 40.0
    app.session_state.cursor = 18
    app.run()
    assert sent(app)["cursor"] is None, "the reader stays at 60"
    clock["now"] = 90.0
    app.run()
    assert sent(app)["cursor"]["position"] == 18


def test_a_new_position_is_sent_once_with_its_own_rev(app: AppTest):
    app.session_state.cursor = 7
    app.run()
    first = sent(app)["cursor"]
    assert first["position"] == 7
    app.run()
    assert sent(app)["cursor"] == first
    app.session_state.cursor = 9
    app.run()
    assert sent(app)["cursor"] == {"position": 9, "rev": first["rev"] + 1}


def test_reports_about_another_response_are_ignored(app: AppTest):
    app.run()
    report(app, selection={"start": 3, "stop": 5}, cursor={"position": 4})
    app.session_state.doc = "run-2"
    app.run()
    assert app.session_state.seen.selection is None
    assert app.session_state.seen.cursor is None


def test_only_the_first_coloring_is_sent(app: AppTest):
    app.session_state.metric = "js"
    app.run()
    app.session_state.metric = "base_rank"
    app.run()
    assert sent(app)["metric"] == "js"
    assert app.session_state.seen.metric == "js"
