"""The Side by side page under AppTest: create a study, judge blind, change a choice, count."""

import itertools
import time

import pytest

from itlim.annotation.comparing import opinions_of, outcomes_of
from itlim.annotation.side_by_side import plan_comparisons, shown_left, text_at
from itlim.records import Contrast, Role, Side, SideBySide, Study
from itlim.store.annotation_events import events_of
from itlim.store.comparisons import answered_by_both, comparisons_of, create_side_by_side
from itlim.store.runs import delete_runs, list_runs
from itlim.store.studies import load_study
from itlim.ui.shared import services
from tests.app_pages import all_that_is_sent, button, open_app, texts

PAIRS = ("demo-sft", "demo-lft")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that advances with every call, because AppTest clicks faster than anyone reads."""
    real, seconds = time.monotonic, itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: real() + next(seconds))


def opened(name="ann", **query):
    return open_app("judge_pairs", state={"annotator_name": name} if name else None, **query)


def made(n_items=3, **changes):
    """Create a study of the demo's stored answers."""
    facts = {"study_id": "tuning", "title": "Tuning", "annotators_per_item": 2} | changes
    study, store = Study(**facts), services.store()
    found = answered_by_both(store, *PAIRS)
    items = plan_comparisons(found, study, n_items=n_items)
    compared = SideBySide(pair_a=PAIRS[0], pair_b=PAIRS[1], n_both=len(found), n_same=138)
    create_side_by_side(store, study, compared, items, by="ann")
    return study


def press(app, contrast, side=None):
    (found,) = [one for one in app.button if (one.key or "").endswith(f"-{contrast}-{side}")]
    return found.click().run()


def outcomes():
    found = outcomes_of(opinions_of(services.store(), "tuning"))
    return {key: one.name for key, one in found.items()}


def item_of(app):
    items = {one.item_id: one for one in comparisons_of(services.store(), "tuning")}
    return items[app.query_params["item"]]


def counts(app):
    return app.segmented_control[0].set_value("Counts").run()


def test_a_visitor_without_a_name_is_asked_for_it():
    app = opened(name="")
    assert "Enter your name" in texts(app.info)
    assert not app.exception


def test_without_a_study_the_page_explains_itself_and_creates_one():
    app = opened()
    assert "There is no study yet" in texts(app.info)
    assert "272 instructions answered by both, 134 of them differently" in texts(app.caption)
    next(one for one in app.text_input if one.label == "Title").set_value("Tuning")
    next(one for one in app.number_input if one.label == "Instructions").set_value(7)
    button(app, "Create study").click().run()
    assert not app.exception
    assert not app.error
    assert app.query_params["study"] == "tuning"
    assert len(comparisons_of(services.store(), "tuning")) == 7
    assert button(app, "Left is better")


@pytest.mark.parametrize("title", ["", "…"])
def test_a_title_without_letters_is_rejected(title):
    app = opened()
    next(one for one in app.text_input if one.label == "Title").set_value(title)
    button(app, "Create study").click().run()
    assert "title" in texts(app.error)


def test_the_same_pair_twice_is_rejected():
    app = opened()
    next(one for one in app.selectbox if one.label == "Second pair").set_value(PAIRS[0]).run()
    assert "two different pairs" in texts(app.error)


def test_named_people_get_their_roles():
    app = opened("zoe")
    next(one for one in app.text_input if one.label == "Title").set_value("Tuning")
    app.multiselect(key="new_judges").set_value(["ann", "bea"])
    app.multiselect(key="new_judge_adjudicators").set_value(["cleo"])
    button(app, "Create study").click().run()
    assert load_study(services.store(), "tuning").people == {
        "ann": Role.ANNOTATOR,
        "bea": Role.ANNOTATOR,
        "cleo": Role.ADJUDICATOR,
        "zoe": Role.ADMIN,
    }


def test_without_two_pairs_with_answers_the_page_says_so():
    store = services.store()
    delete_runs(store, list_runs(store, limit=5000)["run_id"].to_pylist())
    app = opened()
    assert "Two pairs with stored answers are required" in texts(app.info)
    assert not app.exception


def test_both_responses_are_shown_in_the_persons_order_and_nothing_reveals_the_models():
    study = made()
    app = opened()
    item = item_of(app)
    left = shown_left(study, "ann", item.item_id)
    cards = [element.proto.body for element in app.get("html") if "tabindex" in element.proto.body]
    for card, side in zip(cards, Side, strict=True):
        assert f">{side.capitalize()}<" in card
        assert text_at(item, side, left) in card
    sent = all_that_is_sent(app)
    assert item.run_a not in sent
    assert item.run_b not in sent


@pytest.mark.parametrize("side", list(Side))
def test_one_click_stores_the_choice_and_continues(side):
    study = made()
    app = opened()
    item = item_of(app)
    next(one for one in app.text_input if one.label == "Note").set_value(" see 1846 ").run()
    press(app, Contrast.CORE_WRONG, side)
    said_of = "a" if (shown_left(study, "ann", item.item_id) == "a") == (side == "left") else "b"
    assert outcomes() == {(item.item_id, "ann"): f"core_wrong:{said_of}"}
    (event,) = events_of(services.store(), "tuning")[item.item_id, "ann"]
    assert event.payload["note"] == "see 1846"
    assert item_of(app).item_id != item.item_id
    assert "1 of 3 judged" in app.get("progress")[0].proto.text


def test_a_choice_can_be_corrected_and_the_last_one_ends_the_study():
    made()
    app = opened()
    first = item_of(app)
    press(app, Contrast.DIFFERENT)
    button(app, "Back to the previous item").click().run()
    assert item_of(app) == first
    press(app, Contrast.BOTH_WRONG)
    assert outcomes()[first.item_id, "ann"] == "both_wrong"
    press(app, Contrast.DIFFERENT)
    press(app, Contrast.DIFFERENT)
    assert "You have judged all items" in texts(app.success)
    assert len(outcomes()) == 3


def test_skipping_requires_the_note():
    made()
    app = opened()
    first = item_of(app)
    button(app, "Skip").click().run()
    assert "Skipping requires a reason" in texts(app.error)
    next(one for one in app.text_input if one.label == "Note").set_value("no idea").run()
    button(app, "Skip").click().run()
    assert item_of(app) != first
    assert "1 skipped" in app.get("progress")[0].proto.text


def test_an_earlier_choice_in_another_tab_is_reported_and_not_overwritten():
    made()
    one, other = opened(), opened()
    item = item_of(one)
    assert item_of(other) == item
    press(one, Contrast.DIFFERENT)
    press(other, Contrast.BOTH_WRONG)
    assert "changed elsewhere" in texts(other.error)
    assert outcomes() == {(item.item_id, "ann"): "different"}
    assert button(other, "Next")


def test_a_key_held_down_does_not_judge_the_next_item(monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    made()
    press(opened(), Contrast.DIFFERENT)
    assert outcomes() == {}


def test_no_item_is_assigned_to_more_people_than_requested():
    made(annotators_per_item=1)
    app = opened()
    item = item_of(app)
    late = opened("bea", study="tuning", item=item.item_id)
    assert not late.error, "looking at an item does not take it"
    press(app, Contrast.DIFFERENT)
    late = opened("bea", study="tuning", item=item.item_id)
    assert "ann has taken this item" in texts(late.error)
    button(late, "Next item").click().run()
    assert item_of(late) != item


def test_a_person_outside_the_study_cannot_judge():
    made(people={"zoe": Role.ADMIN})
    assert "not a member" in texts(opened("ann").warning)


def test_counts_name_the_models_only_on_request():
    made(n_items=2)
    for name in ("ann", "bea"):
        app = opened(name)
        press(app, Contrast.DIFFERENT)
        press(app, Contrast.CORE_WRONG, Side.LEFT)
    app = counts(app)
    assert "4 judgments of 2 instructions by 2 people; 0 skipped" in texts(app.caption)
    assert "Agreeing pairs" in [one.label for one in app.metric]
    assert "Said of Model X" in app.get("plotly_chart")[0].proto.spec
    assert PAIRS[0] not in app.get("plotly_chart")[0].proto.spec
    app.toggle[0].set_value(True).run()
    assert f"Said of {PAIRS[0]}" in app.get("plotly_chart")[0].proto.spec
    assert not app.exception


def test_people_who_are_not_adjudicators_see_counts_when_done_and_never_the_names():
    made(n_items=1, people={"ann": Role.ANNOTATOR, "zoe": Role.ADMIN})
    app = counts(opened())
    assert "The counts are hidden until you have judged all items" in texts(app.info)
    app.segmented_control[0].set_value("Judge").run()
    press(app, Contrast.DIFFERENT)
    app = counts(app)
    assert app.get("plotly_chart")
    assert not app.toggle
    assert not app.dataframe


def test_an_address_opens_the_counts():
    made()
    app = open_app("judge_pairs", state={"annotator_name": "zoe"}, judging="Counts")
    assert "Nothing has been judged yet" in texts(app.info)


def test_without_judgments_the_counts_say_so():
    made()
    assert "Nothing has been judged yet" in texts(counts(opened()).info)
