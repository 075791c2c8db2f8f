"""Backups under AppTest: make one, and restore one in place of a damaged database."""

import pytest
import streamlit as st
from example_studies import items, study
from streamlit.testing.v1 import AppTest

from itlim.settings import PROJECT_FOLDER
from itlim.store.backup import list_backups, make_backup
from itlim.store.connection import Store
from itlim.store.studies import create_study, list_studies


@pytest.fixture
def database(home):
    """The path of the app's database, which contains a study."""
    path = home / "itlim.duckdb"
    with Store(path) as store:
        create_study(store, study(), items(study()), by="ann")
    return path


def open_app():
    return AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=60).run()


def button(app, label):
    return next(one for one in app.button if one.label == label)


def open_backups():
    app = open_app().switch_page("pages/views/data_models.py").run()
    return app.segmented_control(key="part").set_value("Backups").run()


def texts(elements):
    return " ".join(str(element.value) for element in elements)


def test_a_backup_is_made_in_one_click(database):
    app = open_backups()
    button(app, "Make a backup now").click().run()
    assert not app.exception
    (made,) = list_backups(database)
    with Store(made.path) as copy:
        assert [one.study_id for one in list_studies(copy)] == ["dogs"]


def test_the_newest_backup_replaces_a_damaged_database(database):
    with Store(database) as store:
        make_backup(store)
    database.write_bytes(b"\0" * 8192)
    app = open_app()
    assert "not a readable DuckDB file" in texts(app.error)
    assert len(app.error) == 1
    assert "newest backup" in texts(app.info)
    button(app, "Restore this backup").click().run()
    assert not app.exception
    st.cache_resource.clear()
    with Store(database) as store:
        assert [one.study_id for one in list_studies(store)] == ["dogs"]
    assert list(database.parent.glob("itlim.duckdb.replaced-*")), "the old file is kept"


def test_a_damaged_database_without_a_backup_is_reported_as_such(home):
    (home / "itlim.duckdb").write_bytes(b"\0" * 8192)
    app = open_app()
    assert "no backup" in texts(app.info)
    # The fixture closes this home's store, which must open for that.
    (home / "itlim.duckdb").unlink()
