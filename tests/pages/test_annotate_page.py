"""The Annotate page under AppTest: a name, a study, an item to mark blind, then its origins."""

import pytest

from itlim.store.runs import require_run
from itlim.store.studies import load_item, load_study
from itlim.ui.shared import services
from tests.app_pages import all_that_is_sent, button, open_app, payloads, texts
from tests.example_studies import TEXTS
from tests.marked_studies import database, featured, made, work

MODELS = ("demo-sft", "demo-lft", "demo-base", "full tuning", "LoRA")


def annotate(name="ann", **query):
    return open_app("mark", state={"annotator_name": name} if name else None, **query)


def marking_of(app):
    """What the view to mark in was given; None if it is not there."""
    return next((one for one in payloads(app) if "can_undo" in one), None)


def new_study(app, title="First round"):
    next(one for one in app.text_input if one.label == "Title").set_value(title)
    return button(app, "Create study").click().run()


def test_without_a_name_the_page_asks_for_it_and_shows_nothing_else():
    app = annotate(name=None)
    assert "Enter your name" in texts(app.info)
    assert not app.button
    assert payloads(app) == []


def test_with_a_name_and_no_study_a_new_one_is_offered():
    app = annotate(name=None)
    app.text_input(key="annotator_name").set_value("  ann   b. ").run()
    assert "There is no study yet" in texts(app.info)
    assert button(app, "Create study")
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
    app = button(annotate(), "Create study").click().run()
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
    assert "zoe is not a member" in texts(app.warning)
    assert payloads(app) == []
    assert marking_of(annotate(name="ann", study="dogs"))


def test_nothing_left_says_so(home):
    items = made(home)
    with database(home) as store:
        for item in items:
            work(store, item, "ann")
    app = annotate(study="dogs")
    assert "You have finished all items" in texts(app.success)
    assert marking_of(app) is None
    assert not app.error


def test_an_item_that_is_with_enough_others_says_so_and_leads_on(home):
    first, *_ = made(home)
    with database(home) as store:
        work(store, first, "bea")
        work(store, first, "cleo")
    app = annotate(study="dogs", item=first.item_id)
    assert "assigned to 2 other people" in texts(app.error)
    assert marking_of(app) is None
    button(app, "Next item").click().run()
    assert not app.error
    assert marking_of(app)["text"] != first.text


def test_an_item_that_does_not_exist_is_told_and_leads_on(home):
    made(home)
    app = annotate(study="dogs", item="feedfeedfeed")
    assert "has no item 'feedfeedfeed'" in texts(app.error)
    button(app, "Next item").click().run()
    assert marking_of(app)


def test_a_study_that_does_not_exist_is_told_once(home):
    made(home)
    app = annotate(study="cats")
    assert texts(app.warning).count("no such study 'cats'") == 1
    assert marking_of(app)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b'title = "Cats', "not TOML"),
        (b'title = "Cats"\npilots = 3', "unknown keys ['pilots']"),
        (b'title = "Cats"\npilot = -1', "pilot = -1"),
        (b'title = "Cats"\n[people]\nann = "boss"', "'boss'"),
        (b'title = "Cats"\n[people]\nann = "annotator"', "admin"),
        (b"\xff\xfe\x00", "not TOML"),
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
    button(app, "Create study").click().run()
    assert not app.exception
    assert load_study(services.store(), "cats").decoys == 4
    assert marking_of(app)
