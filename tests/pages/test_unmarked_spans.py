"""What is worth a look and nobody marked, under AppTest, with the demo's real index."""

from itlim.annotation.adjudication import FINAL
from itlim.annotation.recording import sheets_of
from itlim.records import MarkOrigin
from itlim.ui.shared import services
from tests.app_pages import button, open_app, texts
from tests.marked_studies import database, made, work


def adjudicate():
    return open_app("adjudicate", state={"annotator_name": "zoe"}, study="dogs")


def test_a_span_that_none_marked_can_be_taken(indexed):
    (item,) = made(indexed, featured_only=True)
    with database(indexed) as store:
        for who in ("ann", "bea"):
            work(store, item, who)
    app = adjudicate()
    assert not app.exception
    assert "not marked by anyone" in texts(app.markdown)
    button(app, "Accept").click().run()
    assert not app.exception
    final = sheets_of(services.store(), "dogs")[item.item_id, FINAL]
    (mark,) = final.marks
    assert "Tony and Maureen Wheeler" in mark.quote
    assert (mark.label, mark.origin) == ("not_factual", MarkOrigin.ADJUDICATED)
    assert "not marked by anyone" not in texts(app.markdown)


def test_a_span_that_somebody_marked_is_no_omission_of_all(indexed):
    (item,) = made(indexed, featured_only=True)
    with database(indexed) as store:
        work(store, item, "ann", ("Tony and Maureen Wheeler", "not_factual"))
        work(store, item, "bea")
    assert "not marked by anyone" not in texts(adjudicate().markdown)
