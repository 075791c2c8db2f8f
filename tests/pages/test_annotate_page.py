"""The Annotate page under AppTest: name, study, and an item to mark blind."""

from dataclasses import replace

import pyarrow as pa
import pytest

from itlim.annotation.recording import sheets_of, study_comments
from itlim.records import SheetStatus
from itlim.store.answers import stored_answers
from itlim.store.claims import claim_states
from itlim.store.runs import require_run, save_run
from itlim.store.studies import items_of, list_studies, load_item, load_study
from itlim.ui.shared import services
from tests.app_pages import (
    all_that_is_sent,
    button,
    open_app,
    payloads,
    plain_texts,
    texts,
    unescaped,
)
from tests.example_studies import TEXTS
from tests.marked_studies import database, featured, made, work

MODELS = ("demo-sft", "demo-lft", "demo-base", "full tuning", "LoRA")


def annotate(name="ann", **query):
    return open_app("mark", state={"annotator_name": name} if name else None, **query)


def marking_of(app):
    """The payload of the marking view; None if it is not shown."""
    return next((one for one in payloads(app) if "can_undo" in one), None)


def new_study(app, title="First round"):
    next(one for one in app.text_input if one.label == "Title").set_value(title).run()
    return button(app, "Create study").click().run()


def choose_view(app, view):
    return next(one for one in app.segmented_control if one.label == "View").set_value(view).run()


def score_a_text(instruction="A text that a person typed."):
    """Store a text that a person entered and the models only scored."""
    run = require_run(services.store(), featured())
    facts = {"run_id": "scored", "decoding": "pasted", "finish_reason": "pasted"}
    tokens = run.tokens.set_column(
        0, run.tokens.schema.field(0), pa.array(["scored"] * run.tokens.num_rows)
    )
    save_run(services.store(), replace(run, **facts, instruction=instruction, tokens=tokens))


def listed(app):
    """The items in the list of the form, as text."""
    return plain_texts(app)


def test_without_a_name_the_page_asks_for_it_and_shows_nothing_else():
    app = annotate(name=None)
    assert "Enter your name" in texts(app.info)
    assert not app.button
    assert payloads(app) == []


def test_with_a_name_and_no_study_a_new_one_is_offered():
    app = annotate(name="  ann   b. ")
    assert "There is no study yet" in texts(app.info)
    assert button(app, "Create study")
    assert not app.exception


def test_a_study_of_stored_answers_assigns_an_item():
    app = new_study(annotate())
    assert not app.exception
    assert not app.error
    assert marking_of(app) is None, "no item is opened for the creator"
    assert "Study created" in texts(app.success)
    app = choose_view(app, "Mark")
    study = load_study(services.store(), "first-round")
    assert (study.title, study.annotators_per_item) == ("First round", 2)
    item = load_item(services.store(), "first-round", app.query_params["item"])
    assert require_run(services.store(), item.run_id).pair == "demo-sft"
    assert marking_of(app)["text"] == item.text
    assert item.instruction in texts(app.text)


def test_the_creator_is_the_admin_and_everybody_can_annotate():
    new_study(annotate())
    assert load_study(services.store(), "first-round").people == {"*": "annotator", "ann": "admin"}


def test_changing_a_number_creates_no_study():
    app = annotate()
    next(one for one in app.text_input if one.label == "Title").set_value("First round").run()
    for field in app.number_input:
        app = field.set_value(3).run()
    assert list_studies(services.store()) == []
    assert button(app, "Create study with 3 items")


def test_items_are_listed_before_the_study_is_created_and_can_be_removed_and_added():
    app = annotate()
    app.number_input(key="study_limit").set_value(3).run()
    before = stored_answers(services.store(), pairs=["demo-sft"])[:3]
    for answer in before:
        assert answer.instruction in listed(app)
    app.button(key=f"new_study_items-remove-{before[1].run_id}").click().run()
    assert button(app, "Create study with 2 items")
    extra = stored_answers(services.store(), pairs=["demo-lft"])[5]
    app.multiselect(key="study_pairs").set_value(["demo-sft", "demo-lft"]).run()
    app.number_input(key="study_limit").set_value(2).run()
    app.selectbox(key="new_study_items-add").set_value(extra.run_id).run()
    app.multiselect(key="study_pairs").set_value(["demo-sft"]).run()
    assert extra.instruction in listed(app), "an added answer stays when the filter changes"
    new_study(app)
    assert {one.run_id for one in items_of(services.store(), "first-round")} == {
        before[0].run_id, extra.run_id,
    }  # fmt: skip


def test_the_answer_that_mark_it_was_pressed_for_is_in_the_list_of_a_new_study():
    score_a_text()
    app = annotate(run="scored", marking="New study")
    assert "A text that a person typed." in listed(app)
    answer = stored_answers(services.store(), pairs=["demo-lft"])[5]
    app = annotate(run=answer.run_id, marking="New study")
    assert answer.instruction in listed(app)
    app.button(key=f"new_study_items-remove-{answer.run_id}").click().run()
    assert answer.instruction not in listed(app), "it can be removed"


def test_a_text_that_was_scored_is_left_out_unless_asked_for_and_is_never_an_answer_of_a_model():
    score_a_text()
    app = annotate()
    assert "A text that a person typed." not in listed(app)
    app.toggle(key="study_scored").set_value(True).run()
    app.text_input(key="study_search").set_value("a person typed").run()
    assert "entered text, scored by demo-sft" in listed(app)
    new_study(app)
    (item,) = items_of(services.store(), "first-round")
    assert item.run_id == "scored"
    work(services.store(), item, "bea", study_id="first-round")
    app = annotate(name="bea", study="first-round", item=item.item_id)
    app.button(key="reveal_item").click().run()
    assert "A text that a person entered; demo-sft scored it" in plain_texts(app)
    assert "Answer from" not in plain_texts(app)


def test_opening_an_item_reserves_nothing(home):
    (item,) = made(home, featured_only=True, annotators_per_item=1)
    for name in ("ann", "bob", "cleo"):
        assert marking_of(annotate(name=name, study="dogs"))["text"] == item.text
    assert claim_states(services.store(), "dogs") == {}


def send(app, item, who, kind, payload, base=0):
    """Send one edit from the marking view, as the browser does."""
    sent = {"event_id": f"{who}-{kind}-{base}", "kind": kind, "payload": payload, "base": base}
    sent |= {"client_time": "", "active_ms": 1}
    message = {"doc": f"dogs/{item.item_id}/{who}", "tab": "t", "events": [sent], "ts": 1}
    app.session_state["marks-dogs"] = {"edits": message}
    return app.run()


def test_the_second_person_who_marks_learns_who_has_the_item_and_can_go_on(home):
    first, *_ = made(home, annotators_per_item=1)
    both = [annotate(name=name, study="dogs", item=first.item_id) for name in ("ann", "bob")]
    send(both[0], first, "ann", "flag", {"reason": "odd"})
    app = send(both[1], first, "bob", "flag", {"reason": "odd"})
    assert "ann has taken this item" in texts(app.error)
    assert (first.item_id, "bob") not in sheets_of(services.store(), "dogs")
    button(app, "Next item").click().run()
    assert marking_of(app)["text"] != first.text


def test_the_page_says_who_else_annotates_the_item(home):
    first, *_ = made(home)
    with database(home) as store:
        work(store, first, "bea", (first.text.split()[-1], "not_factual"))
    app = annotate(study="dogs", item=first.item_id)
    assert "Also annotated by bea (1 of 2 places taken)." in plain_texts(app)


def test_a_submission_can_be_undone_and_found_again_later(home):
    first, *_ = made(home)
    app = annotate(study="dogs", item=first.item_id)
    app = send(app, first, "ann", "submit", {"nothing_wrong": True})
    assert "nothing wrong here" in texts(app.text)
    assert marking_of(app)["read_only"]
    app.button(key="reopen_item").click().run()
    assert not marking_of(app)["read_only"]
    app = send(app, first, "ann", "submit", {"nothing_wrong": True}, base=2)
    app.button(key="next_item").click().run()
    assert app.query_params["item"] != first.item_id
    app.selectbox(key="own_item").set_value(first.item_id).run()
    app.button(key="reopen_item").click().run()
    sheet = sheets_of(services.store(), "dogs")[first.item_id, "ann"]
    assert sheet.status is SheetStatus.OPEN


def test_after_the_model_was_shown_a_submission_is_final(home):
    (item,) = made(home, featured_only=True)
    with database(home) as store:
        work(store, item, "ann")
    app = annotate(study="dogs", item=item.item_id)
    app.button(key="reveal_item").click().run()
    assert "reopen_item" not in [one.key for one in app.button]


def test_another_spelling_of_a_known_name_is_asked_about(home):
    first, *_ = made(home)
    with database(home) as store:
        work(store, first, "Anna Bürger")
    app = annotate(name="anna burger", study="dogs")
    assert "Are you the same person?" in texts(app.text)
    assert marking_of(app) is None
    app.button(key="use_known_name").click().run()
    assert marking_of(app)["doc"].endswith("/Anna Bürger")
    app = annotate(name="anna burger", study="dogs")
    app.button(key="use_new_name").click().run()
    assert marking_of(app)["doc"].endswith("/anna burger")


def test_known_names_are_offered(home):
    made(home)
    assert {"ann", "bea", "zoe"} <= set(annotate(name=None).selectbox(key="annotator_name").options)


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
    assert unescaped(app.error).count(said) == 1
    assert len(app.error) == 1


def test_a_study_file_creates_a_study():
    app = annotate()
    file = b'title = "Cats"\nannotators_per_item = 3\npilot = 2\ndecoys = 4'
    app.file_uploader(key="study_file").set_value([("study.toml", file, "text/plain")]).run()
    button(app, "Create study").click().run()
    assert not app.exception
    assert load_study(services.store(), "cats").decoys == 4
    assert marking_of(choose_view(app, "Mark"))


def leave_and_return(app):
    app.switch_page("pages/views/ask.py").run()
    app.query_params.clear()
    return app.switch_page("pages/views/mark.py").run()


def test_a_study_that_is_not_created_yet_survives_a_change_of_page_and_is_then_forgotten():
    app = annotate()
    title = next(one for one in app.text_input if one.label == "Title")
    title.set_value("Second round").run()
    next(one for one in app.text_area if one.label == "Guideline").set_value("Mark lies.").run()
    app.number_input(key="study_limit").set_value(3).run()
    app = leave_and_return(app)
    assert title.key in app.session_state
    button(app, "Create study with 3 items").click().run()
    made = load_study(services.store(), "second-round")
    assert made.guideline == "Mark lies."
    app = choose_view(app, "New study")
    assert next(one for one in app.text_input if one.label == "Title").value == ""
    assert next(one for one in app.text_area if one.label == "Guideline").value != "Mark lies."


def test_a_comment_that_is_not_sent_yet_survives_a_change_of_page(home):
    for item in made(home, featured_only=True):
        with database(home) as store:
            work(store, item, "ann")
    app = annotate(study="dogs")
    app.text_area[0].set_value("Are dates facts?").run()
    app = leave_and_return(app)
    assert app.text_area[0].value == "Are dates facts?"
    button(app, "Send").click().run()
    assert study_comments(services.store(), "dogs") == [("ann", "Are dates facts?")]
    assert app.text_area[0].value == ""
