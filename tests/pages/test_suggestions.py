"""Suggestions while marking, under AppTest: off by default; showing them is recorded."""

from itlim.annotation.recording import sheets_of
from itlim.annotation.transfer import report_of_study
from itlim.store.claims import claim_states
from itlim.store.studies import load_study
from itlim.ui.shared import services
from tests.app_pages import open_app, payloads
from tests.marked_studies import made


def marking_of(app):
    return next(payload for payload in payloads(app) if "suggestions" in payload)


def annotate():
    return open_app("mark", state={"annotator_name": "ann"}, study="dogs")


def test_a_study_without_suggestions_shows_none(indexed):
    made(indexed, featured_only=True)
    assert marking_of(annotate())["suggestions"] == []
    assert sheets_of(services.store(), "dogs") == {}


def flag(app, item):
    """Send one edit from the marking view, as the browser does."""
    sent = {"event_id": "e1", "kind": "flag", "payload": {"reason": "odd"}, "base": 0}
    sent |= {"client_time": "", "active_ms": 1}
    message = {"doc": f"dogs/{item.item_id}/ann", "tab": "t", "events": [sent], "ts": 1}
    app.session_state["marks-dogs"] = {"edits": message}
    return app.run()


def test_looking_at_suggestions_stores_nothing_and_claims_nothing(indexed):
    made(indexed, featured_only=True, suggestions=True)
    assert marking_of(annotate())["suggestions"]
    assert sheets_of(services.store(), "dogs") == {}
    assert claim_states(services.store(), "dogs") == {}


def test_a_shown_suggestion_makes_the_sheet_no_longer_blind(indexed):
    (item,) = made(indexed, featured_only=True, suggestions=True)
    app = annotate()
    assert not app.exception
    (suggestion, *_) = marking_of(app)["suggestions"]
    words = item.text[suggestion["start"] : suggestion["stop"]]
    assert "Tony and Maureen Wheeler" in words
    app = flag(app, item)
    sheet = sheets_of(services.store(), "dogs")[item.item_id, "ann"]
    assert sheet.suggestions_on
    assert sheet.marks == ()
    assert marking_of(app)["version"] == sheet.version == 1


def test_sheets_with_suggestions_are_excluded_from_the_blind_figures(indexed):
    (item,) = made(indexed, featured_only=True, suggestions=True)
    flag(annotate(), item)
    store = services.store()
    report = report_of_study(store, load_study(store, "dogs"))
    assert report.n_blind == 0
