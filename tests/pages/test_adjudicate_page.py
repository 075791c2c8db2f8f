"""The Adjudicate page under AppTest: order of items, accept or reject, figures, exchange."""

import pytest

from itlim.annotation.adjudication import FINAL
from itlim.annotation.exchange import ExchangeFormat
from itlim.annotation.recording import AnnotationSession, sheets_of
from itlim.annotation.transfer import rows_of_study
from itlim.records import EventKind, MarkOrigin, SheetStatus
from itlim.store.annotation_events import events_of
from itlim.store.studies import load_study
from itlim.ui.adjudicate.exchange_panel import file_suffix
from itlim.ui.shared import services
from tests.app_pages import button, open_app, payloads, plain_texts, texts
from tests.example_studies import TEXTS, event, put
from tests.marked_studies import database, made, work

FALSE, USELESS = "not_factual", "not_useful"


def adjudicate(name="zoe", **query):
    return open_app(
        "adjudicate", state={"annotator_name": name} if name else None, study="dogs", **query
    )


@pytest.fixture
def disputed(home):
    """One item on which ann and bea agree, one on which they disagree, one without marks."""
    items = {item.text: item for item in made(home)}
    dog, toyota, _, plain = (items[text] for text in TEXTS)
    with database(home) as store:
        for who in ("ann", "bea"):
            work(store, dog, who, ("Cheshire Cat", FALSE))
            work(store, plain, who)
        work(store, toyota, "ann", ("Maureen Wheeler", FALSE), ("makes", USELESS))
        work(store, toyota, "bea", ("Tony", FALSE), ("makes", FALSE))
    return dog, toyota, plain


def final_of(item):
    return sheets_of(services.store(), "dogs").get((item.item_id, FINAL))


def edits_of(item, kind):
    log = events_of(services.store(), "dogs", item_id=item.item_id)
    return [one for one in log.get((item.item_id, FINAL), []) if one.kind is kind]


def people_now():
    sheets = sheets_of(services.store(), "dogs")
    return {key: sheet for key, sheet in sheets.items() if key[1] != FINAL}


def test_without_a_name_the_page_asks_for_it(disputed):
    app = adjudicate(name=None)
    assert "Enter your name" in texts(app.info)
    assert payloads(app) == []


def test_without_a_study_the_page_says_where_to_create_one():
    app = adjudicate()
    assert "There is no study yet" in texts(app.info)
    assert [one.proto.label for one in app.get("page_link")] == ["Create a study on Mark"]


def reason_of(app, item):
    """The field for the reason of the first proposal."""
    return next(one for one in app.text_input if one.key.startswith(f"reason-{item.item_id}-0-"))


def test_before_two_people_have_submitted_there_is_nothing_to_adjudicate(home):
    item, *_ = made(home)
    with database(home) as store:
        work(store, item, "ann")
    app = adjudicate()
    assert "Nothing to adjudicate" in texts(app.info)
    assert not app.exception


def test_the_item_with_the_lowest_agreement_comes_first(disputed):
    _, toyota, _ = disputed
    app = adjudicate()
    assert app.query_params["item"] == toyota.item_id
    assert "disagreement on 75% of the marked words" in plain_texts(app)


def test_proposals_show_agreement_conflicts_and_who_did_not_mark(disputed):
    app = adjudicate()
    said = texts(app.markdown)
    assert "Proposals** (3)" in said
    assert "**omission**" in said
    assert "**conflict**" in said
    assert "Not marked by bea" in plain_texts(app)
    assert "**agreed**" in texts(adjudicate(item=disputed[0].item_id).markdown)


def test_accepting_an_agreed_proposal_stores_a_final_span_and_its_adjudicator(disputed):
    dog, *_ = disputed
    before = people_now()
    app = button(adjudicate(item=dog.item_id), "Accept agreed spans (1)").click().run()
    assert not app.exception
    assert not app.error
    (mark,) = final_of(dog).marks
    assert (mark.quote, mark.origin) == ("Cheshire Cat", MarkOrigin.ADJUDICATED)
    (edit,) = edits_of(dog, EventKind.PUT_MARK)
    assert edit.payload["by"] == "zoe"
    assert people_now() == before
    assert "✓ among the final spans" in texts(app.caption)


def test_accepting_a_disputed_proposal_stores_the_reason(disputed):
    _, toyota, _ = disputed
    app = adjudicate()
    reason_of(app, toyota).set_value(" he was a founder ").run()
    button(app, "Accept").click().run()
    (mark,) = final_of(toyota).marks
    assert (mark.quote, mark.note) == ("Tony", "he was a founder")


def test_rejecting_a_proposal_stores_reason_and_spans_and_changes_nothing_else(disputed):
    _, toyota, _ = disputed
    before = people_now()
    app = adjudicate()
    reason_of(app, toyota).set_value("is true").run()
    app = button(app, "Reject").click().run()
    assert not app.exception
    (edit,) = edits_of(toyota, EventKind.REJECT)
    assert edit.payload["reason"] == "is true"
    assert edit.payload["spans"] == [{"annotator": "bea", "span_id": "bea-0"}]
    assert edit.payload["by"] == "zoe"
    assert final_of(toyota).marks == ()
    assert people_now() == before


def test_a_rejected_proposal_is_shown_as_rejected(disputed):
    _, toyota, _ = disputed
    app = adjudicate()
    reason_of(app, toyota).set_value("is true").run()
    app = button(app, "Reject").click().run()
    assert "✗ rejected: is true" in plain_texts(app)


def test_undefined_figures_give_the_reason(home):
    item, *_ = made(home)
    with database(home) as store:
        for who in ("ann", "bea"):
            work(store, item, who)
    app = adjudicate(adjudicating="Agreement")
    assert not app.exception
    table = app.dataframe[0].value
    assert "undefined: nobody marked" in table.loc["α over words", "any label"]
    assert "2 submitted sheets" in texts(app.caption)


def test_the_figures_count_people_and_responses(disputed):
    app = adjudicate(adjudicating="Agreement")
    table = app.dataframe[0].value
    assert table.loc["responses, pairs", "any label"] == "3 responses, 3 pairs"
    assert set(table.columns) == {"any label", "Not factual", "Not useful"}
    marks = app.dataframe[1].value["marks"]
    assert marks["F1 by position only"].startswith("0.6")
    assert marks["F1 of exact marks"].startswith("0.333")
    people = app.dataframe[-1].value
    assert list(people["annotator"]) == ["ann", "bea"]


def test_an_adjudicated_item_leaves_the_queue(disputed, home):
    dog, toyota, plain = disputed
    with database(home) as store:
        work(store, toyota, FINAL, ("Maureen Wheeler", FALSE))
    app = adjudicate()
    assert app.query_params["item"] in {dog.item_id, plain.item_id}
    app = adjudicate(item=toyota.item_id)
    assert "Adjudicated: 1 final span" in texts(app.success)
    assert "By zoe." in plain_texts(app)


def test_final_spans_are_highlighted_after_adjudication(disputed, home):
    _, toyota, _ = disputed
    with database(home) as store:
        work(store, toyota, FINAL, ("Maureen Wheeler", FALSE))
    (view,) = payloads(adjudicate(item=toyota.item_id))
    assert view["read_only"]
    (mark,) = view["marks"]
    assert mark["quote"] == "Maureen Wheeler"
    assert view["text"] == toyota.text


def test_an_adjudicated_item_can_be_found_and_reopened(disputed, home):
    _, toyota, _ = disputed
    with database(home) as store:
        work(store, toyota, FINAL, ("Maureen Wheeler", FALSE))
    app = adjudicate()
    app.selectbox(key="adjudicated_item").set_value(toyota.item_id).run()
    assert app.query_params["item"] == toyota.item_id
    app.button(key="reopen_final").click().run()
    assert not app.error
    assert final_of(toyota).status is SheetStatus.OPEN
    assert [mark.quote for mark in final_of(toyota).marks] == ["Maureen Wheeler"]
    (view,) = payloads(app)
    assert not view["read_only"]
    (edit,) = edits_of(toyota, EventKind.REOPEN)
    assert edit.payload["by"] == "zoe"


def test_a_study_without_named_adjudicators_lets_nobody_set_final_spans_until_one_is_named(home):
    item, *_ = made(home, people={})
    with database(home) as store:
        for who in ("ann", "bob"):
            work(store, item, who, (item.text.split()[-1], FALSE))
    app = adjudicate(name="zoe")
    assert "names no adjudicator" in texts(app.warning)
    assert payloads(app)[0]["read_only"]
    assert "Accept" not in [one.label for one in app.button]
    field = next(one for one in app.multiselect if one.label == "Adjudicators")
    field.set_value(["ann"])
    app.button(key="save_adjudicators").click().run()
    study = load_study(services.store(), "dogs")
    assert study.people == {"*": "annotator", "ann": "adjudicator", "zoe": "admin"}
    assert not payloads(app)[0]["read_only"]
    assert "Adjudicators: ann, zoe." in plain_texts(app)


def test_names_and_notes_are_text_and_never_markdown(home):
    item, *_ = made(home)
    name, note = "<b>**x**</b>", ":red[hi] $x$"
    with database(home) as store:
        for who in (name, "bea"):
            session = AnnotationSession(
                store=store, study=load_study(store, "dogs"), item=item, annotator=who
            )
            quote = item.text.split()[-1]
            marked = put(item, quote, who, mark=who, note=note)
            end = event("submit", item, who, nothing_wrong=False)
            session.record([marked, end], base=0)
    app = adjudicate()
    assert "**x**" in plain_texts(app)
    drawn = texts([*app.markdown, *app.caption, *app.info, *app.success, *app.warning])
    assert "**x**" not in drawn
    assert ":red[hi]" not in drawn
    assert ":red[hi] $x$" in plain_texts(app)


def test_an_annotator_cannot_see_the_marks_of_others_if_the_study_has_roles(home):
    items = made(home, people={"ann": "annotator", "zoe": "adjudicator", "bea": "admin"})
    with database(home) as store:
        for who in ("ann", "bea"):
            work(store, items[0], who, (items[0].text.split()[-1], FALSE))
    app = adjudicate(name="ann")
    assert "Only the adjudicators of this study" in texts(app.warning)
    assert "Adjudicators: bea, zoe." in plain_texts(app)
    assert payloads(app) == []
    assert not app.tabs
    assert adjudicate(name="zoe").tabs


def test_no_two_exports_have_the_same_file_name():
    assert len({file_suffix(one) for one in ExchangeFormat}) == len(ExchangeFormat)


@pytest.mark.parametrize("name", ["itlim JSONL", "Parquet", "CSV", "Label Studio", "doccano"])
def test_every_format_can_be_exported_while_the_app_is_open(disputed, name):
    app = adjudicate(adjudicating="Exchange")
    assert name in [one.label for one in app.get("download_button")]
    assert len(rows_of_study(services.store(), "dogs")) == 6


def test_an_address_opens_the_part_that_it_names(disputed):
    shown = texts(adjudicate(adjudicating="Agreement").caption)
    assert "Krippendorff" in shown
    assert "Krippendorff" not in texts(adjudicate(adjudicating="Anything").caption)


def test_a_reason_that_is_not_stored_yet_survives_a_change_of_page(disputed):
    _, toyota = disputed[0], disputed[1]
    app = adjudicate(item=toyota.item_id)
    reason_of(app, toyota).set_value("is true").run()
    app.switch_page("pages/views/ask.py").run()
    app.query_params.clear()
    app.query_params.update({"study": "dogs", "item": toyota.item_id})
    app.switch_page("pages/views/adjudicate.py").run()
    field = reason_of(app, toyota)
    assert field.value == "is true"
    button(app, "Reject").click().run()
    assert field.key not in app.session_state
