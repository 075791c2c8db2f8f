"""The Annotate page under AppTest: a name, a study, an item to mark blind, then its origins."""

import pytest

from itlim.annotation.recording import sheets_of
from itlim.records import EventKind, Verdict
from itlim.store.annotation_events import events_of
from itlim.store.runs import require_run
from itlim.store.studies import load_item, load_study
from itlim.ui import services
from tests.app_pages import all_that_is_sent, button, open_app, payloads, texts
from tests.example_studies import TEXTS
from tests.marked_studies import database, featured, made, work

QUOTE = "Tony and Maureen Wheeler"
OTHER = "The company was started in"
MODELS = ("demo-sft", "demo-lft", "demo-base", "full tuning", "LoRA")


def annotate(name="ann", **query):
    return open_app("annotate", state={"annotator_name": name} if name else None, **query)


def marking_of(app):
    """What the view to mark in was given; None if it is not there."""
    return next((one for one in payloads(app) if "can_undo" in one), None)


def new_study(app, title="First round"):
    next(one for one in app.text_input if one.label == "Title").set_value(title)
    return button(app, "Create it").click().run()


def sheet_now(item, who="ann"):
    return sheets_of(services.store(), "dogs")[item.item_id, who]


def test_without_a_name_the_page_asks_for_it_and_shows_nothing_else():
    app = annotate(name=None)
    assert "Say who you are" in texts(app.info)
    assert not app.button
    assert payloads(app) == []


def test_with_a_name_and_no_study_a_new_one_is_offered():
    app = annotate(name=None)
    app.text_input(key="annotator_name").set_value("  ann   b. ").run()
    assert "There is no study yet" in texts(app.info)
    assert button(app, "Create it")
    assert not app.exception


def test_a_study_made_of_stored_answers_hands_out_an_item():
    app = new_study(annotate())
    assert not app.exception
    assert not app.error
    study = load_study(services.store(), "first-round")
    assert (study.title, study.annotators_per_item) == ("First round", 2)
    item = load_item(services.store(), "first-round", app.query_params["item"])
    assert require_run(services.store(), item.run_id).pair == "demo-sft"
    assert marking_of(app)["text"] == item.text
    assert item.instruction in texts(app.text)


def test_a_study_without_a_title_is_refused_once():
    app = button(annotate(), "Create it").click().run()
    assert texts(app.error).count("has no title") == 1


def test_what_is_marked_tells_neither_model_nor_pair(home):
    (item,) = made(home, featured_only=True)
    app = annotate(study="dogs")
    shown = marking_of(app)
    assert shown["text"] == item.text
    assert shown["tokens"] == [list(edges) for edges in item.units]
    assert [label["name"] for label in shown["labels"]] == ["not_factual", "not_useful"]
    assert (shown["version"], shown["marks"], shown["doc"]) == (0, [], f"dogs/{item.item_id}/ann")
    sent = all_that_is_sent(app)
    assert item.instruction in sent
    for word in (*MODELS, featured(), require_run(services.store(), featured()).tuned_hash):
        assert word not in sent


def test_texts_with_emoji_and_hebrew_arrive_as_they_are(home):
    made(home)
    seen = set()
    for number in range(len(TEXTS)):
        app = annotate(name=f"person {number}", study="dogs", item=made_ids(home)[number])
        seen.add(marking_of(app)["text"])
    assert seen == set(TEXTS)


def made_ids(home):
    with services.store().reading() as cursor:
        return [row[0] for row in cursor.execute("SELECT item_id FROM study_items").fetchall()]


def test_a_stranger_to_a_study_with_people_is_refused(home):
    made(home, people={"ann": "annotator", "bea": "admin"})
    app = annotate(name="zoe", study="dogs")
    assert "zoe is not among the people" in texts(app.warning)
    assert payloads(app) == []
    assert marking_of(annotate(name="ann", study="dogs"))


def test_nothing_left_says_so(home):
    items = made(home)
    with database(home) as store:
        for item in items:
            work(store, item, "ann")
    app = annotate(study="dogs")
    assert "Nothing is left for you" in texts(app.success)
    assert marking_of(app) is None
    assert not app.error


def test_an_item_that_is_with_enough_others_says_so_and_leads_on(home):
    first, *_ = made(home)
    with database(home) as store:
        work(store, first, "bea")
        work(store, first, "cleo")
    app = annotate(study="dogs", item=first.item_id)
    assert "with 2 other people already" in texts(app.error)
    assert marking_of(app) is None
    button(app, "Next item").click().run()
    assert not app.error
    assert marking_of(app)["text"] != first.text


def test_an_item_that_does_not_exist_is_told_and_leads_on(home):
    made(home)
    app = annotate(study="dogs", item="feedfeedfeed")
    assert "holds no item 'feedfeedfeed'" in texts(app.error)
    button(app, "Next item").click().run()
    assert marking_of(app)


def test_a_study_that_does_not_exist_is_told_once(home):
    made(home)
    app = annotate(study="cats")
    assert texts(app.warning).count("no study 'cats'") == 1
    assert marking_of(app)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b'title = "Cats', "no TOML"),
        (b'title = "Cats"\npilots = 3', "unknown keys ['pilots']"),
        (b'title = "Cats"\npilot = -1', "pilot = -1"),
        (b'title = "Cats"\n[people]\nann = "boss"', "'boss'"),
        (b'title = "Cats"\n[people]\nann = "annotator"', "admin"),
        (b"\xff\xfe\x00", "no TOML"),
    ],
)
def test_a_study_file_with_an_error_shows_it_once(file, said):
    app = annotate()
    app.file_uploader(key="study_file").set_value([("study.toml", file, "text/plain")]).run()
    assert not app.exception
    assert texts(app.error).count(said) == 1
    assert len(app.error) == 1


def test_a_study_file_makes_a_study():
    app = annotate()
    file = b'title = "Cats"\nannotators_per_item = 3\npilot = 2\ndecoys = 4'
    app.file_uploader(key="study_file").set_value([("study.toml", file, "text/plain")]).run()
    button(app, "Create it").click().run()
    assert not app.exception
    assert load_study(services.store(), "cats").decoys == 4
    assert marking_of(app)


# ---- after submission


@pytest.fixture
def submitted(indexed):
    """The featured answer, submitted by ann with two marks; its item."""
    (item,) = made(indexed, featured_only=True, decoys=2)
    with database(indexed) as store:
        work(store, item, "ann", (QUOTE, "not_factual"), (OTHER, "not_useful"))
    return item


def done(item, name="ann"):
    return annotate(name=name, study="dogs", item=item.item_id)


def verdicts(app):
    return [one for one in app.get("button_group") if "verdict-" in one.key]


def cards(app):
    return [one.proto.body for one in app.get("html") if "<b>Response</b>" in one.proto.body]


def test_after_submission_the_pair_is_shown_and_that_it_was_seen_is_kept(submitted):
    app = done(submitted)
    assert not app.exception
    assert not app.error
    assert "Answer of demo-sft" in texts(app.caption)
    assert sheet_now(submitted).revealed
    done(submitted)
    log = events_of(services.store(), "dogs")[submitted.item_id, "ann"]
    assert [one.kind for one in log].count(EventKind.REVEAL) == 1


def at_other(app):
    """The second span, whose words many instances hold."""
    return next(one for one in app.pills if one.key == "judged_span").set_value("ann-1").run()


def test_the_words_an_instance_shares_are_lit(submitted):
    assert "<mark>Tony and Maureen Wheeler</mark>" in cards(done(submitted))[0]


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
    (said,) = sheet_now(submitted).judgements
    assert (said.instance_id, said.verdict, said.retriever) == ("demo-156", "causal", "tracer")
    assert said.rank == 1
    assert said.score > 0


def test_a_decoys_verdict_is_stored_as_one(submitted):
    app = at_other(judge(done(submitted), "demo-156", Verdict.CAUSAL))
    for one in [one.key.rpartition("/")[2] for one in verdicts(app)]:
        app = judge(app, one, Verdict.COINCIDENTAL)
    said = [one for one in sheet_now(submitted).judgements if one.span_id == "ann-1"]
    assert sorted(one.retriever for one in said) == ["decoy"] * 2 + ["tracer"] * 5
    assert all(one.rank >= 11 for one in said if one.retriever == "decoy")
    together = {one.instance_id for one in said}
    assert all({*one.considered} == together - {one.instance_id} for one in said)


def test_judging_does_not_lead_away_from_the_span(submitted):
    app = done(submitted)
    before = [one.key for one in verdicts(app)]
    app = judge(app, "demo-156", Verdict.CAUSAL)
    app = app.run()
    assert [one.key for one in verdicts(app)] == before


def test_a_verdict_is_changed_explained_and_taken_back(submitted):
    app = judge(done(submitted), "demo-156", Verdict.CAUSAL)
    concept = next(one for one in app.text_input if one.key.endswith("demo-156"))
    app = concept.set_value(" founders of firms ").run()
    assert sheet_now(submitted).judgements[0].rationale == "founders of firms"
    app = judge(app, "demo-156", Verdict.UNSURE)
    assert sheet_now(submitted).judgements[0].verdict is Verdict.UNSURE
    assert sheet_now(submitted).judgements[0].rationale == "founders of firms"
    next(one for one in verdicts(app) if one.key.endswith("demo-156")).set_value(None).run()
    assert sheet_now(submitted).judgements == ()


def test_a_second_tab_shows_a_verdict_and_does_not_take_it_back(submitted):
    old = done(submitted)
    judge(done(submitted), "demo-156", Verdict.CAUSAL)
    old.run()
    assert sheet_now(submitted).judgements[0].verdict is Verdict.CAUSAL
    assert (
        next(one for one in verdicts(old) if one.key.endswith("demo-156")).value == Verdict.CAUSAL
    )


def test_what_ones_own_search_finds_can_be_judged_and_is_not_shown_twice(submitted):
    app = done(submitted)
    next(one for one in app.text_input if one.label == "Words").set_value(QUOTE).run()
    assert not app.exception
    assert "stand above already" in texts(app.caption)
    keys = [one.key for one in verdicts(app)]
    assert len(set(keys)) == len(keys)
    next(one for one in app.text_input if one.label == "Words").set_value(
        "the capital of France"
    ).run()
    own = next(one.key for one in verdicts(app) if one.key not in keys).rpartition("/")[2]
    judge(app, own, Verdict.COINCIDENTAL)
    (said,) = sheet_now(submitted).judgements
    assert (said.instance_id, said.retriever) == (own, "own search")


def test_without_an_index_the_page_says_how_to_get_one(home):
    (item,) = made(home, featured_only=True)
    with database(home) as store:
        work(store, item, "ann", (QUOTE, "not_factual"))
    app = done(item)
    assert not app.exception
    assert "has no index yet" in texts(app.info)


def test_nothing_wrong_asks_for_no_origin(indexed):
    (item,) = made(indexed, featured_only=True)
    with database(indexed) as store:
        work(store, item, "ann")
    app = done(item)
    assert "nothing wrong" in texts(app.markdown)
    assert verdicts(app) == []
    assert not app.exception
