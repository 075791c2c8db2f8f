"""The Annotate page under AppTest: name, study, and an item to mark blind."""

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
    """The payload of the marking view; None if it is not shown."""
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
    app.session_state["annotator_name"] = "  ann   b. "
    app.run()
    assert "There is no study yet" in texts(app.info)
    assert button(app, "Create study")
    assert not app.exception


def test_a_study_of_stored_answers_assigns_an_item():
    app = new_study(annotate())
    assert not app.exception
    assert not app.error
    study = load_study(services.store(), "first-round")
    assert (study.title, study.annotators_per_item) == ("First round", 2)
    item = load_item(services.store(), "first-round", app.query_params["item"])
    assert require_run(services.store(), item.run_id).pair == "demo-sft"
    assert marking_of(app)["text"] == item.text
    assert item.instruction in texts(app.text)


def test_a_study_without_a_title_shows_one_error():
    app = button(annotate(), "Create study").click().run()
    assert texts(app.error).count("has no title") == 1


def test_an_item_to_mark_reveals_neither_model_nor_pair(home):
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


def test_texts_with_emoji_and_hebrew_are_sent_unchanged(home):
    made(home)
    seen = set()
    for number in range(len(TEXTS)):
        app = annotate(name=f"person {number}", study="dogs", item=made_ids(home)[number])
        seen.add(marking_of(app)["text"])
    assert seen == set(TEXTS)


def made_ids(home):
    with services.store().reading() as cursor:
        return [row[0] for row in cursor.execute("SELECT item_id FROM study_items").fetchall()]


def test_a_person_outside_the_study_cannot_annotate(home):
    made(home, people={"ann": "annotator", "bea": "admin"})
    app = annotate(name="zoe", study="dogs")
    assert "You are not a member" in texts(app.warning)
    assert payloads(app) == []
    assert marking_of(annotate(name="ann", study="dogs"))


def test_after_the_last_item_the_page_thanks_the_annotator(home):
    items = made(home)
    with database(home) as store:
        for item in items:
            work(store, item, "ann")
    app = annotate(study="dogs")
    assert "You have finished all open batches" in texts(app.success)
    assert marking_of(app) is None
    assert not app.error


def test_an_item_at_its_limit_shows_an_error_and_a_way_to_the_next(home):
    first, *_ = made(home)
    with database(home) as store:
        work(store, first, "bea")
        work(store, first, "cleo")
    app = annotate(study="dogs", item=first.item_id)
    assert "bea and cleo have taken this item" in texts(app.error)
    assert marking_of(app) is None
    button(app, "Next item").click().run()
    assert not app.error
    assert marking_of(app)["text"] != first.text


def test_an_unknown_item_shows_an_error_and_a_way_to_the_next(home):
    made(home)
    app = annotate(study="dogs", item="feedfeedfeed")
    assert "has no item 'feedfeedfeed'" in texts(app.error)
    button(app, "Next item").click().run()
    assert marking_of(app)


def test_an_unknown_study_shows_one_warning(home):
    made(home)
    app = annotate(study="cats")
    assert texts(app.warning).count("no study 'cats'") == 1
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
def test_an_invalid_study_file_shows_one_error(file, said):
    app = annotate()
    app.file_uploader(key="study_file").set_value([("study.toml", file, "text/plain")]).run()
    assert not app.exception
    assert texts(app.error).count(said) == 1
    assert len(app.error) == 1


def test_a_study_file_creates_a_study():
    app = annotate()
    file = b'title = "Cats"\nannotators_per_item = 3\npilot = 2\ndecoys = 4'
    app.file_uploader(key="study_file").set_value([("study.toml", file, "text/plain")]).run()
    button(app, "Create study").click().run()
    assert not app.exception
    assert load_study(services.store(), "cats").decoys == 4
    assert marking_of(app)
