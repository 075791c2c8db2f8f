"""Suggestions while marking, under AppTest: off by default; showing them is recorded."""

from itlim.annotation.recording import sheets_of
from itlim.annotation.transfer import report_of_study
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


def test_a_shown_suggestion_makes_the_sheet_no_longer_blind(indexed):
    (item,) = made(indexed, featured_only=True, suggestions=True)
    app = annotate()
    assert not app.exception
    (suggestion, *_) = marking_of(app)["suggestions"]
    words = item.text[suggestion["start"] : suggestion["stop"]]
    assert "Tony and Maureen Wheeler" in words
    sheet = sheets_of(services.store(), "dogs")[item.item_id, "ann"]
    assert sheet.suggestions_on
    assert sheet.marks == ()
    assert marking_of(app)["version"] == sheet.version == 1
    # Drawn again, it is not recorded again.
    app.run()
    assert sheets_of(services.store(), "dogs")[item.item_id, "ann"].version == 1


def test_sheets_with_suggestions_are_excluded_from_the_blind_figures(indexed):
    made(indexed, featured_only=True, suggestions=True)
    annotate()
    store = services.store()
    report = report_of_study(store, load_study(store, "dogs"))
    assert report.n_blind == 0
