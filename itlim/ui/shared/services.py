"""What all pages share: store, library, loaded models, live runs, and the theme of the page."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st
from streamlit import config

from itlim.batch.listing import batches_folder
from itlim.components.palette import Theme
from itlim.errors import DatabaseDamagedError, ItlimError
from itlim.library import Library, load_library
from itlim.models.pair_cache import PairCache
from itlim.records import IdentifiedRequest
from itlim.settings import database_path, is_public, is_read_only
from itlim.store.annotation_events import has_annotations
from itlim.store.connection import Store
from itlim.store.shipped import load_shipped_runs, open_read_only
from itlim.store.visits import VisitStore
from itlim.ui.shared.answers_under_way import AnswersUnderWay
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.backup_panel import DailyBackup, offer_restore
from itlim.ui.shared.batch_watch import BatchWatch
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.memory import MemoryRelease
from itlim.ui.shared.plain_text import show_error, show_note
from itlim.ui.shared.public import begin, check_request
from itlim.ui.shared.start_notes import notes_of_start, show_start_notes

Found = TypeVar("Found")


@st.cache_resource(show_spinner=False)
def shared_store() -> Store:
    """The open database of all visitors, with the runs of the shipped families."""
    folders = [family.runs for family in load_library().families.values()]
    if is_read_only():
        return open_read_only(database_path(), folders)
    opened = Store(database_path())
    load_shipped_runs(opened, folders)
    _start_notes().extend(notes_of_start(opened))
    if has_annotations(opened):
        DailyBackup(opened).start()
    return opened


@st.cache_resource(show_spinner=False)
def _start_notes() -> list[str]:
    """What this process found interrupted; shared by all visitors."""
    return []


def store() -> Store:
    """The database as this visitor sees it: the shared one, or a view that only they change."""
    shared = shared_store()
    return of_visit("store", lambda: VisitStore(shared)) if is_read_only() else shared


def of_visit(name: str, make: Callable[[], Found]) -> Found:
    """An object that belongs to this visit, made by the first call; it ends with the session."""
    key = f"visit-{name}"
    if key not in st.session_state:
        st.session_state[key] = make()
    found: Found = st.session_state[key]
    return found


def in_progress(name: str) -> dict[str, Any]:
    """Work by id, so that a reloaded page or a second tab finds it.

    With a read-only database its results belong to one visit, and so does the work.

    Args:
        name: what kind of work.
    """
    if is_read_only():
        return of_visit(f"work-{name}", dict[str, Any])
    return _shared_work(name)


@st.cache_resource(show_spinner=False)
def _shared_work(name: str) -> dict[str, Any]:
    return {}


class TracePreload(BackgroundWork):
    """Loads what the first trace of a process needs."""

    def __init__(self) -> None:
        super().__init__("itlim-trace-preload")

    def _work(self) -> None:
        from itlim.trace.preload import preload

        preload()


# Kept for the process, not by Streamlit: clearing its caches, as a restore does, would leave a
# thread behind each time.
_STARTING = threading.Lock()
_preload: TracePreload | None = None
_release: MemoryRelease | None = None


def trace_preload() -> TracePreload:
    """The preload, started with the app."""
    global _preload
    with _STARTING:
        _preload = _preload or TracePreload().start()
        return _preload


def memory_release() -> MemoryRelease:
    """The thread that gives memory back, started with the app."""
    global _release
    with _STARTING:
        _release = _release or MemoryRelease().start()
        return _release


@st.cache_resource(show_spinner=False)
def pair_cache() -> PairCache:
    """The models in memory; the least recently used pair is unloaded first."""
    return PairCache(capacity=4)


def live_runs() -> dict[str, LiveRun]:
    """Runs in progress by id."""
    return in_progress("live-runs")


def _past_notices() -> dict[str, tuple[str, ...]]:
    """Notices of finished runs by id."""
    return in_progress("notices")


def show_notices(run_id: str) -> None:
    """Show what was ignored while a run was made in this process."""
    live = live_runs().get(run_id)
    for notice in live.notices if live else _past_notices().get(run_id, ()):
        show_note(notice)


def start_live(asked: IdentifiedRequest) -> LiveRun:
    """Return the live run that answers a request: the one in progress, otherwise a new one.

    Raises:
        ItlimError: a public server does not accept the request now, or at all.
    """
    running = live_runs()
    for name in [name for name, live in running.items() if live.done]:
        _past_notices()[name] = running.pop(name).notices
    if asked.id not in running:
        check_request(asked.request)
        noted = None if is_read_only() else AnswersUnderWay()
        running[asked.id] = begin(LiveRun(asked, store(), pair_cache(), under_way=noted))
    return running[asked.id]


@st.cache_resource(show_spinner=False)
def batches() -> BatchWatch:
    """The batches of this machine; what ended while no app ran is stored now."""
    return BatchWatch(shared_store(), batches_folder())


def library() -> Library:
    """The library as it is on disk now; the small file is read on every call."""
    return load_library()


def open_at_start() -> None:
    """Open the database, or show why it cannot be opened and stop the script run."""
    try:
        if is_public():
            # No page has a field for files, and nothing that a browser sends is kept in memory.
            config.set_option("server.maxUploadSize", 0)
        store()
        library()
        if not is_read_only():
            batches()
            show_start_notes(_start_notes())
        # The module replaces itself while it loads. A thread that asks for one of its names
        # meanwhile fails, so every script run waits here until one has loaded it.
        import transformers  # noqa: F401

        trace_preload()
        memory_release()
    except ItlimError as error:
        if isinstance(error, DatabaseDamagedError) and not is_public():
            offer_restore(database_path(), error)
        else:
            show_error(error, icon=":material/block:")
        st.stop()


def theme() -> Theme:
    """Return the theme that Streamlit shows to the visitor."""
    return "dark" if st.context.theme.type == "dark" else "light"
