"""Disk and memory in use: unload models, and delete what is no longer needed."""

import pandas as pd
import psutil
import streamlit as st

from itlim.library import Library
from itlim.models.pair_cache import LoadedWeights
from itlim.settings import user_folder
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.data_models.disk_use import DiskUse, delete_part, disk_uses
from itlim.ui.shared import services
from itlim.ui.shared.backup_panel import MEGABYTE
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import Action, is_refused


def show_storage(library: Library) -> None:
    """Draw the models in memory and the parts of the user's folder."""
    if is_refused(Action.STORAGE):
        return
    st.subheader("Memory")
    _show_memory()
    st.subheader("Disk")
    with shown_errors():
        _show_disk(disk_uses(library))


def _show_memory() -> None:
    free = psutil.virtual_memory().available
    used = psutil.Process().memory_info().rss
    st.markdown(f"The app uses **{_size(used)}**; {_size(free)} of memory are free.")
    contents = services.pair_cache().contents()
    if not contents:
        st.caption("No model is loaded. A pair is loaded when it answers or scores.")
    for number, loaded in enumerate(contents):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(_described(loaded), width="stretch")
            if st.button("Unload", key=f"unload-{number}"):
                services.pair_cache().unload(loaded.pair)
                st.toast(f"{as_markdown(loaded.pair.name)} is no longer in memory.")
                st.rerun()


def _described(loaded: LoadedWeights) -> str:
    return f"{as_markdown(loaded.pair.name)} · {_size(loaded.size)} of weights"


def _show_disk(parts: list[DiskUse]) -> None:
    if not parts:
        st.caption(f"Nothing is stored in {as_markdown(str(user_folder()))} yet.")
        return
    total = sum(part.size for part in parts)
    st.markdown(f"**{_size(total)}** in {plural(len(parts), 'part')}, largest first.")
    rows = [
        {
            "part": part.purpose,
            "MB": part.size / MEGABYTE,
            "can be deleted": "yes" if part.after_deletion else "no",
            "path": str(part.path),
        }
        for part in parts
    ]
    chosen = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="disk_parts",
        column_config={"MB": st.column_config.NumberColumn(format="%.1f")},
    )
    picked = [parts[row] for row in chosen.selection.rows if row < len(parts)]
    if not picked:
        st.caption("Select a part to delete it.")
    elif picked[0].after_deletion:
        if st.button("Delete …", key="delete_part"):
            _confirm(picked[0])
    else:
        st.caption(f"Not deleted from here: {as_markdown(picked[0].purpose)}.")


@st.dialog("Delete this part?")
def _confirm(part: DiskUse) -> None:
    st.markdown(f"{as_markdown(part.purpose)}, {_size(part.size)}")
    st.markdown(as_markdown(part.after_deletion))
    if st.button("Delete", type="primary"):
        with shown_errors():
            delete_part(part)
            st.toast(f"Deleted: {as_markdown(part.purpose)}, {_size(part.size)}.")
            st.rerun()


def _size(size: int) -> str:
    """A size with its unit.

    >>> _size(1_234_567), _size(34_560_000_000)
    ('1.2 MB', '34.6 GB')
    """
    if size >= 1000 * MEGABYTE:
        return f"{size / 1000 / MEGABYTE:,.1f} GB"
    return f"{size / MEGABYTE:,.1f} MB"
