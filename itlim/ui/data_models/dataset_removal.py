"""Remove a dataset or its index: only after naming what depends on it, and never shipped files."""

import shutil
from pathlib import Path

import streamlit as st

from itlim.batch.listing import list_batches
from itlim.causality.retraining.unfinished import UnfinishedExperiments
from itlim.errors import DatasetError, InputError
from itlim.library import DatasetEntry, Library, remove_dataset
from itlim.remedies.deriving import files_of
from itlim.settings import uploads_folder
from itlim.store.dependents import retrainings_of_dataset
from itlim.text.markdown import as_markdown
from itlim.text.messages import listed, plural, was
from itlim.trace.index.folders import indexes_folder
from itlim.ui.data_models.derived_view import lineage_of_entry
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption, shown_errors
from itlim.ui.shared.tracing.indexes import IndexState, index_state


def is_own_index(folder: Path) -> bool:
    """Whether an index was built on this machine; others ship, and are not deleted."""
    return folder.resolve().is_relative_to(indexes_folder().resolve())


def dependents_of_index(entry: DatasetEntry, library: Library) -> list[str]:
    """What needs the index of a dataset, one sentence each."""
    pairs = _pairs(entry, library)
    sentences = []
    if pairs:
        sentences.append(
            f"Answers of {listed(pairs)}, which {was(len(pairs))} tuned on it, are then not traced."
        )
    if batches := _batches(entry, pairs):
        sentences.append(
            f"Batches that trace phrases in it: {listed(batches)}. "
            "Stored phrases remain, but their instances cannot be opened."
        )
    return sentences


def dependents_of_dataset(entry: DatasetEntry, library: Library) -> list[str]:
    """What needs a dataset or its index, one sentence each."""
    sentences = dependents_of_index(entry, library)
    if pairs := _pairs(entry, library):
        sentences.append(f"{listed(pairs)} cannot be retrained without it.")
    if derived := _derived(entry, library):
        sentences.append(
            f"Made from it: {listed(derived)}. These remain, but their rows are not compared with "
            "it any more if its file is gone."
        )
    waiting = sum(
        _names(entry, one.question.instance_ids) for one in UnfinishedExperiments().requests()
    )
    stored = retrainings_of_dataset(services.store(), entry.name)
    if waiting:
        sentences.append(f"{plural(waiting, 'unfinished retraining')} cannot be continued.")
    if stored:
        sentences.append(
            f"{plural(stored, 'stored retraining')} left out instances of it. They remain, but "
            "their instances cannot be opened."
        )
    return sentences


def index_deletion(state: IndexState, *, disabled: bool) -> None:
    """Draw the button that asks before it deletes an index; nothing if there is none to delete."""
    if state.index is None:
        return
    if not is_own_index(state.index.folder):
        plain_caption("This index ships with itlim and cannot be deleted.")
    elif st.button("Delete the index", disabled=disabled, key="delete_index"):
        _confirm_index_deletion(state.entry)


@st.dialog("Delete the index?")
def _confirm_index_deletion(entry: DatasetEntry) -> None:
    ask_index_deletion(entry)


@st.dialog("Remove the dataset?")
def confirm_removal(entry: DatasetEntry) -> None:
    """Open the dialog that asks before a dataset is removed."""
    ask_removal(entry)


def ask_index_deletion(entry: DatasetEntry) -> None:
    """Name what depends on the index of a dataset, and delete it when that is confirmed."""
    st.write(f"The index of {as_markdown(entry.name)} is deleted. The dataset itself is kept.")
    for sentence in dependents_of_index(entry, services.library()):
        st.write(as_markdown(sentence))
    if st.button("Delete", type="primary", key="delete_index_confirmed"):
        with shown_errors():
            _delete_index(index_state(entry))
            st.toast(f"Index of {as_markdown(entry.name)} deleted; dataset kept.")
            st.rerun()


def ask_removal(entry: DatasetEntry) -> None:
    """Name what depends on a dataset, and remove it when that is confirmed."""
    uploaded = entry.path is not None and entry.path.is_relative_to(uploads_folder())
    st.write(
        f"{as_markdown(entry.name)} is removed from the library. "
        + ("The uploaded file is deleted." if uploaded else "Its file is kept.")
    )
    for sentence in dependents_of_dataset(entry, services.library()):
        st.write(as_markdown(sentence))
    state = index_state(entry)
    is_own = state.index is not None and is_own_index(state.index.folder)
    with_index = is_own and st.checkbox("Also delete its index", value=True)
    if st.button("Remove", type="primary", key="remove_dataset_confirmed"):
        with shown_errors():
            if with_index:
                _delete_index(state)
            remove_dataset(entry.name)
            if uploaded and entry.path is not None:
                _delete_files(files_of(entry.path))
            st.rerun()


def _delete_index(state: IndexState) -> None:
    if state.index is None:
        return
    folder = state.index.folder
    if not is_own_index(folder):
        raise InputError(f"The index in {folder} ships with itlim: expected one that was built.")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise InputError(
            f"The index in {folder} cannot be deleted: {error.strerror}. Delete the folder, or "
            "build the index again."
        ) from error


def _delete_files(paths: tuple[Path, ...]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                f"The dataset is removed, but {path} cannot be deleted: {error.strerror}. Delete "
                "the file."
            ) from error


def _pairs(entry: DatasetEntry, library: Library) -> list[str]:
    return [pair.name for pair in library.pairs.values() if pair.dataset == entry.name]


def _batches(entry: DatasetEntry, pairs: list[str]) -> list[str]:
    """Batches of the app that trace in a dataset: all pairs together, or those tuned on it."""
    requests = [batch.request() for batch in list_batches(services.batches().folder)]
    return [
        one.name
        for one in requests
        if entry.name in one.trace_in
        or (one.trace and not one.trace_in and set(one.pairs) & set(pairs))
    ]


def _derived(entry: DatasetEntry, library: Library) -> list[str]:
    found = []
    for other in library.datasets.values():
        try:
            lineage = lineage_of_entry(other)
        except DatasetError:
            continue  # The list of derived datasets names it.
        if lineage is not None and lineage.parent.source == str(entry.path):
            found.append(other.name)
    return found


def _names(entry: DatasetEntry, instance_ids: tuple[str, ...]) -> bool:
    return any(one.rpartition("-")[0] == entry.name for one in instance_ids)
