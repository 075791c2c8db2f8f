"""What every page under AppTest needs: a home of its own and no resource of another test."""

import shutil

import pytest
import streamlit as st

from itlim.library import load_library
from itlim.settings import PROJECT_FOLDER
from itlim.store.connection import Store
from itlim.store.shipped import load_shipped_runs
from itlim.ui.shared import services


@pytest.fixture(scope="session")
def first_start(tmp_path_factory):
    """The database as the app's first start leaves it; loading the shipped runs takes 0.4 s."""
    path = tmp_path_factory.mktemp("first-start") / "itlim.duckdb"
    with Store(path) as store:
        families = load_library().families.values()
        load_shipped_runs(store, [family.runs for family in families])
    return path


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, first_start):
    shutil.copy(first_start, tmp_path / first_start.name)
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))
    monkeypatch.delenv("ITLIM_DATA_FOLDERS", raising=False)
    monkeypatch.chdir(PROJECT_FOLDER)
    # Its thread would still read the store while the test closes it.
    monkeypatch.setattr(services.DailyBackup, "start", lambda self: self)
    st.cache_resource.clear()
    yield tmp_path
    services.shared_store().close()
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The demo's index, words only: what the pages need in tests, without an encoder."""
    from itlim.trace import build_index

    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(folder))
        build_index(load_library().dataset("demo"), lexical_only=True)
    return folder / "indexes"


@pytest.fixture
def indexed(home, built):
    """A home in which the demo's index is built."""
    shutil.copytree(built, home / "indexes")
    return home
