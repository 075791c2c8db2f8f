"""The Annotate page after submission, under AppTest: the reveal and the judging of origins."""

import re

import pytest

from itlim.annotation.recording import sheets_of
from itlim.records import EventKind, Verdict
from itlim.store.annotation_events import events_of
from itlim.ui.shared import services
from tests.app_pages import open_app, plain_texts, texts, unescaped
from tests.marked_studies import database, made, work

QUOTE = "Tony and Maureen Wheeler"
OTHER = "The company was started in"


def sheet_now(item):
    return sheets_of(services.store(), "dogs")[item.item_id, "ann"]


@pytest.fixture
def submitted(indexed):
    """The featured answer, submitted by ann with two marks; its item."""
    (item,) = made(indexed, featured_only=True, decoys=2)
    with database(indexed) as store:
        work(store, item, "ann", (QUOTE, "not_factual"), (OTHER, "not_useful"))
    return item


def done(item):
    """The item after ann has asked for its model."""
    state = {"annotator_name": "ann"}
    app = open_app("mark", state=state, study="dogs", item=item.item_id)
    if not sheet_now(item).revealed:
        app.button(key="reveal_item").click().run()
    return app


def verdicts(app):
    return [one for one in app.get("button_group") if "verdict-" in one.key]


def cards(app):
    return [one.proto.body for one in app.get("html") if "<b>Response</b>" in one.proto.body]


def test_after_submission_the_pair_is_shown_and_the_reveal_is_stored(submitted):
    app = done(submitted)
    assert not app.exception
    assert not app.error
    assert "Answer from demo-sft (full tuning)." in plain_texts(app)
    assert sheet_now(submitted).revealed
    done(submitted)
    log = events_of(services.store(), "dogs")[submitted.item_id, "ann"]
    assert [one.kind for one in log].count(EventKind.REVEAL) == 1


def at_other(app):
    """Choose the second span, whose words occur in many instances."""
    return next(one for one in app.pills if one.key == "judged_span").set_value("ann-1").run()


def test_the_words_that_an_instance_shares_are_highlighted(submitted):
    lit = " ".join(re.findall("<mark>.*?</mark>", " ".join(cards(done(submitted)))))
    assert QUOTE in lit


def test_a_name_of_one_instance_has_decoys_and_every_card_has_highlights(submitted):
    app = done(submitted)
    assert len(cards(app)) == 3, "the one instance that holds the name, and two decoys"
    assert all("<mark>" in card for card in cards(app))
    assert sum(QUOTE in card for card in cards(app)) == 1


def test_a_decoy_from_the_index_is_stored_without_a_rank(submitted):
    app = done(submitted)
    for one in [one.key.rpartition("/")[2] for one in verdicts(app)]:
        app = judge(app, one, Verdict.CAUSAL)
    said = sheet_now(submitted).judgments
    assert sorted(one.retriever for one in said) == ["decoy", "decoy", "tracer"]
    assert all((one.rank, one.score) == (None, None) for one in said if one.retriever == "decoy")


def test_candidates_and_decoys_are_shown_without_rank_or_score(submitted):
    app = at_other(done(submitted))
    assert not app.exception
    assert len(verdicts(app)) == len(cards(app)) == 7, "five candidates and two decoys"
    for word in ("decoy", "tracer", "nats", "score"):
        assert word not in " ".join(cards(app))


def judge(app, instance, verdict):
    one = next(one for one in verdicts(app) if one.key.endswith(f"/{instance}"))
    return one.set_value(verdict).run()


def test_a_verdict_is_stored_with_retriever_rank_and_score(submitted):
    app = judge(done(submitted), "demo-156", Verdict.CAUSAL)
    assert not app.exception
    (said,) = sheet_now(submitted).judgments
    assert (said.instance_id, said.verdict, said.retriever) == ("demo-156", "causal", "tracer")
    assert said.rank == 1
    assert said.score > 0


def test_a_verdict_on_a_decoy_is_stored_as_such(submitted):
    app = at_other(judge(done(submitted), "demo-156", Verdict.CAUSAL))
    for one in [one.key.rpartition("/")[2] for one in verdicts(app)]:
        app = judge(app, one, Verdict.COINCIDENTAL)
    said = [one for one in sheet_now(submitted).judgments if one.span_id == "ann-1"]
    assert sorted(one.retriever for one in said) == ["decoy"] * 2 + ["tracer"] * 5
    assert all(one.rank >= 11 for one in said if one.retriever == "decoy")
    together = {one.instance_id for one in said}
    assert all({*one.considered} == together - {one.instance_id} for one in said)


def test_judging_keeps_the_chosen_span(submitted):
    app = done(submitted)
    before = [one.key for one in verdicts(app)]
    app = judge(app, "demo-156", Verdict.CAUSAL)
    app = app.run()
    assert [one.key for one in verdicts(app)] == before


def test_a_verdict_can_be_changed_explained_and_removed(submitted):
    app = judge(done(submitted), "demo-156", Verdict.CAUSAL)
    concept = next(one for one in app.text_input if one.key.endswith("demo-156"))
    app = concept.set_value(" founders of firms ").run()
    assert sheet_now(submitted).judgments[0].rationale == "founders of firms"
    app = judge(app, "demo-156", Verdict.UNSURE)
    assert sheet_now(submitted).judgments[0].verdict is Verdict.UNSURE
    assert sheet_now(submitted).judgments[0].rationale == "founders of firms"
    next(one for one in verdicts(app) if one.key.endswith("demo-156")).set_value(None).run()
    assert sheet_now(submitted).judgments == ()


def test_a_second_tab_shows_a_verdict_and_does_not_remove_it(submitted):
    old = done(submitted)
    judge(done(submitted), "demo-156", Verdict.CAUSAL)
    old.run()
    assert sheet_now(submitted).judgments[0].verdict is Verdict.CAUSAL
    assert (
        next(one for one in verdicts(old) if one.key.endswith("demo-156")).value == Verdict.CAUSAL
    )


def test_results_of_an_own_search_can_be_judged_and_are_not_shown_twice(submitted):
    app = done(submitted)
    next(one for one in app.text_input if one.label == "Words").set_value(QUOTE).run()
    assert not app.exception
    assert "are already listed above" in texts(app.caption)
    keys = [one.key for one in verdicts(app)]
    assert len(set(keys)) == len(keys)
    next(one for one in app.text_input if one.label == "Words").set_value(
        "the capital of France"
    ).run()
    own = next(one.key for one in verdicts(app) if one.key not in keys).rpartition("/")[2]
    judge(app, own, Verdict.COINCIDENTAL)
    (said,) = sheet_now(submitted).judgments
    assert (said.instance_id, said.retriever) == (own, "own search")
    again = done(submitted)  # opens at the span that is not judged yet
    next(one for one in again.pills if one.key == "judged_span").set_value("ann-0").run()
    assert not again.exception
    (shown,) = [one for one in verdicts(again) if one.key.endswith(f"/{own}")]
    assert shown.value == Verdict.COINCIDENTAL, "a reopened item shows what was judged"
    judge(again, own, Verdict.CAUSAL)
    (changed,) = sheet_now(submitted).judgments
    assert changed.verdict is Verdict.CAUSAL
    assert (changed.retriever, changed.rank) == (said.retriever, said.rank)


def test_without_an_index_the_page_says_how_to_get_one(home):
    (item,) = made(home, featured_only=True)
    with database(home) as store:
        work(store, item, "ann", (QUOTE, "not_factual"))
    app = done(item)
    assert not app.exception
    assert "has no index yet" in texts(app.info)


def test_a_sheet_without_marks_has_no_origins_to_judge(indexed):
    (item,) = made(indexed, featured_only=True)
    with database(indexed) as store:
        work(store, item, "ann")
    app = done(item)
    assert "nothing wrong" in texts(app.text)
    assert verdicts(app) == []
    assert not app.exception


def revealed_with(indexed, *marks):
    (item,) = made(indexed, featured_only=True, decoys=0)
    with database(indexed) as store:
        work(store, item, "ann", *marks)
    return done(item)


def test_without_candidates_the_page_says_what_is_missing_and_what_to_do(indexed):
    app = revealed_with(indexed, ("by", "not_factual"))
    assert not cards(app)
    said = unescaped(app.info)
    assert "There is nothing to judge for “by”" in said
    assert "Search for other words below, or go to the next item." in said
    assert "Causal means" not in texts(app.caption)


def test_without_marks_there_are_no_origins_to_judge(indexed):
    app = revealed_with(indexed)
    assert "Nothing is marked, so there are no origins to judge" in texts(app.info)
    assert not app.subheader
