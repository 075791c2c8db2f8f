"""The admin panel of a study under AppTest: batches, comments, guideline versions."""

import pytest
from example_studies import TEXTS, items, study

from itlim.annotation.recording import comment_on_study
from itlim.records import Role
from itlim.store.connection import Store
from itlim.store.studies import create_study, items_of, list_studies, load_study
from itlim.ui.shared import services
from tests.app_pages import open_app, texts
from tests.marked_studies import work


@pytest.fixture
def database(home):
    """A study with a pilot, two batches and a comment."""
    people = {"ann": Role.ANNOTATOR, "bea": Role.ADMIN}
    of = study(pilot=1, batch_size=2, people=people, guideline="Mark it.")
    with Store(home / "itlim.duckdb") as store:
        create_study(store, of, items(of, (*TEXTS, "A fifth text.")), by="bea")
        comment_on_study(store, of, "ann", "Are dates facts?")
    return home / "itlim.duckdb"


def open_admin(who):
    state = {"annotator_name": who, "marking": "Study"}
    return open_app("mark", state=state, study="dogs")


def button(app, label):
    return next((one for one in app.button if one.label == label), None)


def test_an_admin_opens_the_next_batch(database):
    app = open_admin("bea")
    assert not app.exception
    button(app, "Open batch 1").click().run()
    assert load_study(services.store(), "dogs").open_batch == 1
    assert button(app, "Open batch 2") is not None


def test_a_changed_guideline_is_a_new_version(database):
    app = open_admin("bea")
    assert "ann: Are dates facts?" in texts(app.text)
    next(one for one in app.text_area if one.label.startswith("Guideline, version 1")).set_value(
        "Mark it, dates too."
    )
    button(app, "Save as a new version").click().run()
    changed = load_study(services.store(), "dogs")
    assert (changed.guideline, changed.guideline_version) == ("Mark it, dates too.", "2")


def test_an_annotator_does_not_see_the_panel(database):
    app = open_admin("ann")
    assert not app.exception
    assert button(app, "Open batch 1") is None
    assert "Are dates facts?" not in texts(app.text)


def test_items_can_be_removed_and_added_until_somebody_marks(database):
    app = open_admin("bea")
    first, *_ = items_of(services.store(), "dogs")
    app.button(key=f"items-dogs-remove-{first.item_id}").click().run()
    assert not app.error
    left = items_of(services.store(), "dogs")
    assert first.item_id not in {one.item_id for one in left}
    assert [one.position for one in left] == [0, 1, 2, 3]
    offered = app.selectbox(key="items-dogs-add").options
    assert offered
    app.selectbox(key="items-dogs-add").select_index(0).run()
    assert len(items_of(services.store(), "dogs")) == 5
    first, *_ = items_of(services.store(), "dogs")
    work(services.store(), first, "ann")
    app = open_admin("bea")
    assert "the items are fixed" in texts(app.caption)
    assert "ann (submitted)" in list(app.dataframe[0].value["annotators"])
    assert "delete_study" not in [one.key for one in app.button]


def test_a_study_without_marks_can_be_deleted(database):
    app = open_admin("bea")
    app.button(key="delete_study").click().run()
    assert list_studies(services.store()) == []


def test_an_address_opens_the_view_that_it_names_for_those_who_may_see_it(database):
    for who, view in (("bea", "Study"), ("ann", "Mark")):
        app = open_app("mark", state={"annotator_name": who}, study="dogs", marking="Study")
        assert not app.exception
        assert app.session_state["marking"] == view
