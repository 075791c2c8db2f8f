"""States of tracing indexes on a page: open, missing, out of date, damaged, or being built."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import streamlit as st

from itlim.errors import IndexFolderError, IndexMissingError
from itlim.library import DatasetEntry
from itlim.settings import is_public
from itlim.text.markdown import as_markdown
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import show_error, shown_message
from itlim.ui.shared.public import Action, is_refused
from itlim.ui.shared.tracing.index_build import IndexBuild

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

POLL_SECONDS = 0.4


class IndexStatus(StrEnum):
    """Whether a dataset's index can be searched."""

    READY = "ready"
    STALE = "out of date"
    """Usable, but the dataset has changed since."""
    MISSING = "not built"
    BROKEN = "damaged"
    """Damaged, or written by an incompatible version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """The state of one dataset's index."""

    entry: DatasetEntry
    status: IndexStatus
    index: "TraceIndex | None" = None
    message: str = ""


def index_state(entry: DatasetEntry) -> IndexState:
    """Open a dataset's index, or report why it cannot be opened."""
    try:
        index = _opened(entry)
    except IndexMissingError as error:
        return IndexState(entry=entry, status=IndexStatus.MISSING, message=str(error))
    except IndexFolderError as error:
        return IndexState(entry=entry, status=IndexStatus.BROKEN, message=str(error))
    if index.is_stale():
        message = f"The dataset {entry.name} has changed since its index was built."
        return IndexState(entry=entry, status=IndexStatus.STALE, index=index, message=message)
    return IndexState(entry=entry, status=IndexStatus.READY, index=index)


def usable_indexes(
    entries: Sequence[DatasetEntry], *, words_suffice: bool = False
) -> "list[TraceIndex]":
    """Indexes that can be searched now; draws the state of all others, with what to do.

    Args:
        entries: the datasets.
        words_suffice: whether to leave out the progress of embeddings while the words of an index
            can be searched already.
    """
    found = []
    for entry in entries:
        state = index_state(entry)
        # What ships is small, so its index is built without being asked for.
        if state.status is IndexStatus.MISSING and services.library().ships(entry):
            start_build(entry)
        is_ready = state.status is IndexStatus.READY
        if not is_ready or (_is_running(entry) and not words_suffice):
            offer_build(state)
        if state.index is not None:
            found.append(state.index)
    return found


def _is_running(entry: DatasetEntry) -> bool:
    build = builds().get(entry.name)
    return build is not None and not build.done


def offer_build(state: IndexState) -> None:
    """Show what is wrong with an index, with a button that builds it."""
    running = builds().get(state.entry.name)
    if running is not None and not running.done:
        show_build(running)
        return
    if running is not None and running.error is not None and not running.was_cancelled:
        show_error(running.error)
    icon = {
        IndexStatus.STALE: ":material/history:",
        IndexStatus.BROKEN: ":material/extension:",
    }.get(state.status, ":material/folder_open:")
    words = {
        IndexStatus.MISSING: f"The dataset {state.entry.name} has no index yet. Build it to search "
        "the dataset.",
        IndexStatus.STALE: f"{state.message} Candidates come from the old index until you rebuild "
        "it.",
    }.get(state.status, state.message)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"{icon} {shown_message(words)}")
        if is_refused(Action.INDEX):
            return
        name = "Build the index" if state.status is IndexStatus.MISSING else "Rebuild the index"
        if st.button(name, type="primary", key=f"build-{state.entry.name}"):
            start_build(state.entry, force=state.status is IndexStatus.BROKEN)
            st.rerun()


def show_build(build: IndexBuild) -> None:
    """Progress of a build, with a button to cancel it; reruns the page when it ends."""

    had_words = build.has_words

    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        if build.done or build.has_words != had_words:
            st.rerun(scope="app")
        part = "Embeddings" if had_words and not build.lexical_only else "Index"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(
                min(1.0, build.fraction),
                text=f"{part} of {as_markdown(build.entry.name)}: {as_markdown(build.phase)} …",
            )
            if not is_public():
                st.button("Cancel", key=f"cancel-{build.entry.name}", on_click=build.cancel)

    poll()


def start_build(
    entry: DatasetEntry, *, lexical_only: bool = False, force: bool = False
) -> IndexBuild:
    """The running build of a dataset's index, else a new one; arguments as in `IndexBuild`."""
    running = builds()
    known = running.get(entry.name)
    if known is None or known.done:
        running[entry.name] = IndexBuild(entry, lexical_only=lexical_only, force=force).start()
    return running[entry.name]


@st.cache_resource(show_spinner=False)
def builds() -> dict[str, IndexBuild]:
    """Running and finished builds by dataset, shared by reloads and all visitors."""
    return {}


@st.cache_resource(show_spinner=False)
def _handles() -> "dict[str, tuple[int, TraceIndex]]":
    """Open indexes by folder, with the modification time of their meta.json."""
    return {}


def _opened(entry: DatasetEntry) -> "TraceIndex":
    """The open index; opened again if it has been replaced."""
    from itlim.trace import index_folder, open_index

    folder = index_folder(entry)
    try:
        stamp = (folder / "meta.json").stat().st_mtime_ns
    except OSError:
        stamp = 0  # Opening it says what is wrong.
    handle = _handles().get(str(folder))
    if handle is None or handle[0] != stamp:
        handle = _handles()[str(folder)] = (stamp, open_index(folder))
    return handle[1]
