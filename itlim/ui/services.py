"""What all visitors share: the store, the library, the loaded models. One of each a process."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from itlim.errors import ItlimError
from itlim.library import Library, load_library
from itlim.models.pair_cache import PairCache
from itlim.settings import DEMO_FOLDER, database_path
from itlim.store.connection import Store
from itlim.store.shipped import load_shipped_runs


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The database, open; the demo family's runs are in it from the first start on."""
    opened = Store(database_path())
    load_shipped_runs(opened, DEMO_FOLDER / "runs")
    return opened


@st.cache_resource(show_spinner=False)
def pair_cache() -> PairCache:
    """Models in memory, the least recently used given up first."""
    return PairCache(capacity=4)


def library() -> Library:
    """The library as it is on disk now: a file of a few lines, read anew each time."""
    return load_library()


def open_at_start() -> None:
    """Open the database, or say in the page why that is impossible and stop there."""
    try:
        store()
        library()
    except ItlimError as error:
        st.error(str(error), icon="⛔")
        st.stop()


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show what the user can act on in place of the block's output; nothing else is lost."""
    try:
        yield
    except ItlimError as error:
        st.error(str(error), icon="⚠️")
