"""What the admin of a study sees under AppTest: batches, comments, guideline versions."""

import pytest
from example_studies import TEXTS, items, study
from streamlit.testing.v1 import AppTest

from itlim.annotation.recording import comment_on_study
from itlim.records import Role
from itlim.settings import PROJECT_FOLDER
from itlim.store.connection import Store
from itlim.store.studies import create_study, load_study
from itlim.ui.shared import services


@pytest.fixture
def database(home):
    """A study of a pilot and two batches, with somebody's comment."""
    people = {"ann": Role.ANNOTATOR, "bea": Role.ADMIN}
    of = study(pilot=1, batch_size=2, people=people, guideline="Mark it.")
    with Store(home / "itlim.duckdb") as store:
        create_study(store, of, items(of, (*TEXTS, "A fifth text.")), by="bea")
        comment_on_study(store, of, "ann", "Are dates facts?")
    return home / "itlim.duckdb"


def open_admin(who):
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=60).run()
    app.switch_page("pages/views/mark.py").run()
    app.session_state["study_box-dogs"] = True
    next(one for one in app.text_input if one.label == "Your name").set_value(who).run()
    return app


def button(app, label):
    return next((one for one in app.button if one.label == label), None)


def texts(elements):
    return " ".join(str(element.value) for element in elements)


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


def test_an_annotator_sees_none_of_it(database):
    app = open_admin("ann")
    assert not app.exception
    assert button(app, "Open batch 1") is None
    assert "Are dates facts?" not in texts(app.text)
