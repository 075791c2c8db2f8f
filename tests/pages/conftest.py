"""What every page under AppTest needs: a home of its own and no resource of another test."""

import pytest
import streamlit as st

from itlim.settings import PROJECT_FOLDER
from itlim.ui import services


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))
    monkeypatch.delenv("ITLIM_DATA_FOLDERS", raising=False)
    monkeypatch.chdir(PROJECT_FOLDER)
    st.cache_resource.clear()
    yield tmp_path
    services.store().close()
    st.cache_resource.clear()
