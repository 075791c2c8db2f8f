"""List datasets, build and remove their indexes, link them to model pairs."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from itlim.datasets import preview_dataset
from itlim.library import DatasetEntry, Library, add_pair
from itlim.settings import is_public, user_library_path
from itlim.text.markdown import as_markdown, message_as_markdown
from itlim.text.messages import plural
from itlim.ui.data_models.chance_baseline import chance_baseline
from itlim.ui.data_models.dataset_form import add_dataset_form, show_preview
from itlim.ui.data_models.dataset_removal import confirm_removal, index_deletion
from itlim.ui.data_models.derived_view import show_lineage_of
from itlim.ui.data_models.provenance import provenance_panel
from itlim.ui.data_models.reading_report import show_report
from itlim.ui.shared import services
from itlim.ui.shared.permalink import row_in_address, write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, shown_errors
from itlim.ui.shared.public import Action, is_refused
from itlim.ui.shared.tracing.indexes import (
    IndexState,
    IndexStatus,
    builds,
    index_state,
    offer_build,
    show_build,
    start_build,
)

DATASET = "dataset"
"""URL parameter of the selected dataset."""


def running_builds() -> None:
    """Show index builds in progress, from any session, and report those that have ended."""
    for name, build in list(builds().items()):
        if not build.done:
            show_build(build)
            continue
        del builds()[name]
        if build.was_cancelled:
            st.toast(f"Index build of {as_markdown(name)} canceled.", icon=":material/pan_tool:")
        elif build.error is not None:
            show_error(f"The index of {name} could not be built. {build.error}")
        else:
            st.toast(f"Index of {as_markdown(name)} built.", icon=":material/check_circle:")


def listed_datasets(library: Library) -> list[DatasetEntry]:
    """The datasets in the order of the table: those on this machine first."""
    return sorted(library.datasets.values(), key=lambda entry: not _is_here(entry))


def _is_here(entry: DatasetEntry) -> bool:
    return entry.path is not None and entry.path.exists()


def datasets_table(library: Library) -> DatasetEntry | None:
    """List all datasets with the state of their indexes.

    Returns:
        The selected dataset, or None.
    """
    entries = listed_datasets(library)
    states = [index_state(entry) for entry in entries]
    rows = [_row(state, library) for state in states]
    picked = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="datasets_table",
        selection_default=row_in_address(DATASET, [entry.name for entry in entries]),
        placeholder="",
        column_config={
            "license": st.column_config.TextColumn(width=170),
            "tuned pairs": st.column_config.TextColumn(width=170),
            "instances": st.column_config.NumberColumn(format="localized"),
            "words": st.column_config.NumberColumn(format="localized", width=100),
            "embeddings": st.column_config.TextColumn(
                width=100, help="Sentence embeddings, for matches in meaning as well as in words."
            ),
        },
    ).selection.rows
    chosen = next((entries[place] for place in picked if place < len(entries)), None)
    write_view(**{DATASET: chosen.name if chosen else None})
    return chosen


def _row(state: IndexState, library: Library) -> dict[str, object]:
    entry, meta = state.entry, state.index.meta if state.index else None
    location = "on this machine" if _is_here(entry) else "not downloaded"
    tuned = [pair.name for pair in library.pairs.values() if pair.dataset == entry.name]
    return {
        "dataset": entry.name,
        "index": str(state.status),
        "instances": meta.n_instances if meta else None,
        "words": meta.n_words if meta else None,
        "bad rows": meta.n_bad_rows if meta else None,
        "embeddings": ("yes" if meta.encoder else "words only") if meta else "",
        "license": entry.licence or "not stated",
        "tuned pairs": ", ".join(tuned),
        "location": (
            f"hub: {entry.hub}" if entry.hub and location == "not downloaded" else location
        ),
    }


def dataset_detail(entry: DatasetEntry, library: Library) -> None:
    """Show one dataset: its index, pairs and first rows, with buttons to change or remove it."""
    state = index_state(entry)
    st.subheader(as_markdown(entry.name), divider="gray")
    for text in (entry.note, entry.used_for and f"In the paper: {entry.used_for}", entry.url):
        if text:
            plain_caption(text)
    show_lineage_of(entry)
    if state.status is not IndexStatus.READY:
        offer_build(state)
    if not is_public():
        with st.container(horizontal=True):
            _index_buttons(state)
            if st.button("Remove from the library", key="remove_dataset"):
                confirm_removal(entry)
    if state.index is not None:
        _index_facts(state)
        chance_baseline(state.index)
    if not is_public():
        _pairs_of(entry, library)
    _rows_of(entry)


def _index_buttons(state: IndexState) -> None:
    entry = state.entry
    busy = entry.name in builds()
    if state.status is IndexStatus.READY and st.button("Rebuild the index", disabled=busy):
        start_build(entry, force=True)
        st.rerun()
    if state.index is None and st.button("Build for words only", disabled=busy):
        start_build(entry, lexical_only=True)
        st.rerun()
    words_only = state.index is not None and not state.index.has_meaning
    if words_only and st.button("Add embeddings", disabled=busy):
        start_build(entry)
        st.rerun()
    index_deletion(state, disabled=busy)


def _index_facts(state: IndexState) -> None:
    index = state.index
    if index is None:
        return
    meta = index.meta
    encoder = meta.encoder.name if meta.encoder else "none (words only)"
    chance = "fitted" if index.nulls else "not fitted, so matches are not compared with chance"
    # Paths of a server are of no use to its visitors.
    where = "" if is_public() else f" in `{index.folder}`"
    note = (
        f"{plural(meta.n_instances, 'instance')} ({meta.n_contents:,} distinct), "
        f"{plural(meta.n_words, 'word')}. Encoder: {encoder}. Chance baseline: {chance}. Built "
        f"{meta.created_at[:16]} UTC{where}."
    )
    st.caption(message_as_markdown(note))
    if index.report is not None:
        show_report(index.report, "all rows")
    if meta.n_bad_rows:
        bad = index.bad_rows()
        title = f"{plural(meta.n_bad_rows, 'row')} could not be used"
        with st.expander(title, key="bad-rows", bind="query-params"):
            rows = [{"file": row.file, "line": row.line, "reason": row.reason} for row in bad]
            table = pd.DataFrame(rows)
            st.dataframe(
                table if any(table["file"]) else table.drop(columns="file"),
                hide_index=True,
            )
            if len(bad) < meta.n_bad_rows:
                st.caption(f"Only the first {len(bad):,} are listed.")


def _pairs_of(entry: DatasetEntry, library: Library) -> None:
    """Select the pairs that were tuned on the dataset; each change is saved immediately."""
    known = [pair.name for pair in library.pairs.values() if pair.dataset == entry.name]
    chosen = st.multiselect(
        "Pairs tuned on this dataset",
        list(library.pairs),
        default=known,
        key=f"pairs-of-{entry.name}-{'/'.join(known)}",
        placeholder="none in the library",
    )
    if set(chosen) == set(known):
        return
    with shown_errors():
        for name in set(chosen) ^ set(known):
            dataset = entry.name if name in chosen else None
            add_pair(replace(library.pair(name), dataset=dataset))
        st.rerun()


def _rows_of(entry: DatasetEntry) -> None:
    with st.expander("First rows", key="first-rows", bind="query-params"):
        if entry.path is None and (
            is_refused(Action.DOWNLOADS) or not st.toggle("Download from the hub")
        ):
            return
        with shown_errors():
            show_preview(
                preview_dataset(
                    entry.located(), format=entry.format, mapping=dict(entry.mapping) or None
                )
            )


def show_datasets() -> None:
    """Draw the datasets, with a form that adds one."""
    library = services.library()
    running_builds()
    with shown_errors():
        chosen = datasets_table(library)
        if chosen is None:
            st.caption(
                "Select a dataset to see its rows, or to build, rebuild or delete its index."
            )
        else:
            dataset_detail(chosen, library)
    provenance_panel(library)
    if is_refused(Action.DATASETS):
        return
    with st.expander("Add a dataset", key="add-dataset", bind="query-params"):
        added = add_dataset_form(library)
    if added is not None:
        start_build(added)
        st.rerun()
    where = f"Your own datasets are stored in `{user_library_path()}`."
    st.caption(message_as_markdown(f"{where} You can also edit this file by hand."))
