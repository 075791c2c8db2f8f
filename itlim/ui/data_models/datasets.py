"""Datasets and their indexes: what there is, building, removing, and who was tuned on what."""

import shutil
from dataclasses import replace

import pandas as pd
import streamlit as st

from itlim.datasets import preview_dataset
from itlim.library import DatasetEntry, Library, add_pair, remove_dataset
from itlim.settings import uploads_folder, user_library_path
from itlim.ui.data_models.dataset_form import add_dataset_form, show_preview
from itlim.ui.shared import services
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.indexes import (
    IndexState,
    IndexStatus,
    builds,
    index_state,
    offer_build,
    show_build,
    start_build,
)


def running_builds() -> None:
    """Indexes in the making, whoever began them, and how the last ones ended."""
    for name, build in list(builds().items()):
        if not build.done:
            show_build(build)
            continue
        del builds()[name]
        if build.was_cancelled:
            st.toast(f"The index of {name} was not built: cancelled.", icon="✋")
        elif build.error is not None:
            st.error(f"The index of {name} was not built. {build.error}", icon="⚠️")
        else:
            st.toast(f"The index of {name} is built.", icon="✅")


def datasets_table(library: Library) -> DatasetEntry | None:
    """All datasets with the state of their indexes; the one selected, else None."""
    entries = list(library.datasets.values())
    states = [index_state(entry) for entry in entries]
    rows = [_row(state, library) for state in states]
    picked = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="datasets_table",
        placeholder="",
        column_config={
            "licence": st.column_config.TextColumn(width=170),
            "pairs tuned on it": st.column_config.TextColumn(width=170),
            "instances": st.column_config.NumberColumn(format="localized"),
            "words": st.column_config.NumberColumn(format="localized", width=100),
            "meaning": st.column_config.TextColumn(width=90),
        },
    ).selection.rows
    return next((entries[place] for place in picked if place < len(entries)), None)


def _row(state: IndexState, library: Library) -> dict[str, object]:
    entry, meta = state.entry, state.index.meta if state.index else None
    here = "on this machine" if entry.path and entry.path.exists() else "to be fetched"
    tuned = [pair.name for pair in library.pairs.values() if pair.dataset == entry.name]
    return {
        "dataset": entry.name,
        "index": str(state.status),
        "instances": meta.n_instances if meta else None,
        "words": meta.n_words if meta else None,
        "bad rows": meta.n_bad_rows if meta else None,
        "meaning": ("yes" if meta.encoder else "words only") if meta else "",
        "licence": entry.licence or "not stated",
        "pairs tuned on it": ", ".join(tuned),
        "where": here if not entry.hub or here == "on this machine" else f"hub: {entry.hub}",
    }


def dataset_detail(entry: DatasetEntry, library: Library) -> None:
    """One dataset: its index, its rows, its pairs, and removing it."""
    state = index_state(entry)
    st.subheader(entry.name, divider="gray")
    for text in (entry.note, entry.used_for and f"In the paper: {entry.used_for}", entry.url):
        if text:
            st.caption(text)
    if state.status is not IndexStatus.READY:
        offer_build(state)
    with st.container(horizontal=True):
        _index_buttons(state)
        if st.button("Remove from the library", key="remove_dataset"):
            _confirm_removal(entry)
    if state.index is not None:
        _index_facts(state)
    _pairs_of(entry, library)
    _rows_of(entry)


def _index_buttons(state: IndexState) -> None:
    entry = state.entry
    busy = entry.name in builds()
    if state.status is IndexStatus.READY and st.button("Rebuild the index", disabled=busy):
        start_build(entry, force=True)
        st.rerun()
    if state.index is None and st.button("Build it for words only", disabled=busy):
        start_build(entry, lexical_only=True)
        st.rerun()
    words_only = state.index is not None and not state.index.has_meaning
    if words_only and st.button("Add the embeddings", disabled=busy):
        start_build(entry)
        st.rerun()
    if state.index is not None and st.button("Remove the index", disabled=busy):
        shutil.rmtree(state.index.folder)
        st.toast(f"The index of {entry.name} is gone; the dataset stays.")
        st.rerun()


def _index_facts(state: IndexState) -> None:
    index = state.index
    if index is None:
        return
    meta = index.meta
    encoder = meta.encoder.name if meta.encoder else "none: words only"
    chance = "fitted" if index.nulls else "not fitted: chance is unknown"
    st.caption(
        f"{meta.n_instances:,} instances, {meta.n_contents:,} of them different; "
        f"{meta.n_words:,} words. Encoder: {encoder}. Null: {chance}. Built {meta.created_at[:16]} "
        f"UTC in `{index.folder}`."
    )
    if meta.n_bad_rows:
        bad = index.bad_rows()
        with st.expander(f"{meta.n_bad_rows:,} rows could not be used"):
            st.dataframe(
                pd.DataFrame([{"line": row.line, "reason": row.reason} for row in bad]),
                hide_index=True,
            )
            if len(bad) < meta.n_bad_rows:
                st.caption(f"The first {len(bad):,} of them.")


def _pairs_of(entry: DatasetEntry, library: Library) -> None:
    """Which pairs were tuned on it; a change is written at once."""
    known = [pair.name for pair in library.pairs.values() if pair.dataset == entry.name]
    chosen = st.multiselect(
        "Pairs tuned on this dataset",
        list(library.pairs),
        default=known,
        key=f"pairs-of-{entry.name}-{'/'.join(known)}",
        placeholder="none that the library knows",
    )
    if set(chosen) == set(known):
        return
    with shown_errors():
        for name in set(chosen) ^ set(known):
            dataset = entry.name if name in chosen else None
            add_pair(replace(library.pair(name), dataset=dataset))
        st.rerun()


def _rows_of(entry: DatasetEntry) -> None:
    with st.expander("Its first rows"):
        if entry.path is None and st.toggle("Fetch them from the hub") is False:
            return
        with shown_errors():
            show_preview(
                preview_dataset(
                    entry.located(), format=entry.format, mapping=dict(entry.mapping) or None
                )
            )


@st.dialog("Remove the dataset?")
def _confirm_removal(entry: DatasetEntry) -> None:
    uploaded = entry.path is not None and entry.path.is_relative_to(uploads_folder())
    st.write(
        f"{entry.name} leaves the library. "
        + ("The uploaded file goes with it." if uploaded else "Its file stays where it is.")
    )
    with_index = st.checkbox("Remove its index too", value=True)
    if st.button("Remove", type="primary"):
        with shown_errors():
            state = index_state(entry)
            remove_dataset(entry.name)
            if with_index and state.index is not None:
                shutil.rmtree(state.index.folder)
            if uploaded and entry.path is not None:
                entry.path.unlink(missing_ok=True)
            st.rerun()


def show() -> None:
    """Draw the page."""
    st.header("Datasets")
    library = services.library()
    running_builds()
    with shown_errors():
        chosen = datasets_table(library)
        if chosen is None:
            st.caption(
                "Select a dataset to build, rebuild or remove its index, or to see its rows."
            )
        else:
            dataset_detail(chosen, library)
    with st.expander("Add a dataset"):
        added = add_dataset_form(library)
    if added is not None:
        start_build(added)
        st.rerun()
    st.caption(
        f"Your own entries are kept in `{user_library_path()}`, a file you may edit by hand."
    )
