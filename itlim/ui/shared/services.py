"""What all pages share: store, library, loaded models, live runs, and the theme of the page."""

import streamlit as st

from itlim.components.palette import Theme
from itlim.errors import DatabaseDamagedError, ItlimError
from itlim.library import Library, load_library
from itlim.models.pair_cache import PairCache
from itlim.records import IdentifiedRequest
from itlim.settings import database_path
from itlim.store.annotation_events import has_annotations
from itlim.store.connection import Store
from itlim.store.shipped import load_shipped_runs
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.backup_panel import DailyBackup, offer_restore
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.plain_text import show_error, show_note


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The open database, with the runs of the shipped families."""
    opened = Store(database_path())
    families = load_library().families.values()
    load_shipped_runs(opened, [family.runs for family in families])
    if has_annotations(opened):
        DailyBackup(opened).start()
    return opened


class TracePreload(BackgroundWork):
    """Loads what the first trace of a process needs."""

    def __init__(self) -> None:
        super().__init__("itlim-trace-preload")

    def _work(self) -> None:
        from itlim.trace.preload import preload

        preload()


@st.cache_resource(show_spinner=False)
def trace_preload() -> TracePreload:
    """The preload, started with the app."""
    return TracePreload().start()


@st.cache_resource(show_spinner=False)
def pair_cache() -> PairCache:
    """The models in memory; the least recently used pair is unloaded first."""
    return PairCache(capacity=4)


@st.cache_resource(show_spinner=False)
def live_runs() -> dict[str, LiveRun]:
    """Runs in progress by id, so that a reloaded page or a second tab finds its run."""
    return {}


@st.cache_resource(show_spinner=False)
def _past_notices() -> dict[str, tuple[str, ...]]:
    """Notices of finished runs by id."""
    return {}


def show_notices(run_id: str) -> None:
    """Show what was ignored while a run was made in this process."""
    live = live_runs().get(run_id)
    for notice in live.notices if live else _past_notices().get(run_id, ()):
        show_note(notice)


def start_live(asked: IdentifiedRequest) -> LiveRun:
    """Return the live run that answers a request: the one in progress, otherwise a new one."""
    running = live_runs()
    for name in [name for name, live in running.items() if live.done]:
        _past_notices()[name] = running.pop(name).notices
    if asked.id not in running:
        running[asked.id] = LiveRun(asked, store(), pair_cache()).start()
    return running[asked.id]


def library() -> Library:
    """The library as it is on disk now; the small file is read on every call."""
    return load_library()


def open_at_start() -> None:
    """Open the database, or show why it cannot be opened and stop the script run."""
    try:
        store()
        library()
        trace_preload()
    except ItlimError as error:
        if isinstance(error, DatabaseDamagedError):
            offer_restore(database_path(), error)
        else:
            show_error(error, icon=":material/block:")
        st.stop()


def theme() -> Theme:
    """Return the theme that Streamlit shows to the visitor."""
    return "dark" if st.context.theme.type == "dark" else "light"
