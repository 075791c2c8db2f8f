"""Derived datasets on Data & models: make one, and compare it with its parent."""

import streamlit as st

from itlim.datasets.lineage import Lineage
from itlim.errors import DatasetError
from itlim.library import DatasetEntry, Library
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.data_models.derive_form import derive_form, works
from itlim.ui.data_models.derive_work import DeriveWork
from itlim.ui.data_models.derived_view import DERIVED, ROW, lineage_of_entry, show_derived
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, shown_errors
from itlim.ui.shared.public import Action, is_refused
from itlim.ui.shared.work_progress import work_progress

_SPENT = "derive_spent"
"""State of the session: what each dataset that was made in it has cost, in words."""


def show_derived_datasets() -> None:
    """Draw the dataset that the address names, else all of them and the form for a new one."""
    if is_refused(Action.DERIVED):
        return
    library = services.library()
    wanted = st.query_params.get(DERIVED)
    if wanted:
        if st.button("All derived datasets", icon=":material/arrow_back:", key="derived_back"):
            write_view(**{DERIVED: None, ROW: None})
            st.rerun()
        st.subheader(as_markdown(wanted), anchor=False)
        spent = st.session_state.get(_SPENT, {}).get(wanted)
        if spent:
            plain_caption(f"Made with {spent}.")
        with shown_errors():
            show_derived(library, wanted)
        return
    _running()
    known = _known(library)
    new = st.expander(
        "New derived dataset",
        expanded=not known,
        icon=":material/add:",
        key="new-derived",
        bind="query-params",
    )
    with new, shown_errors():
        derive_form(library)
    _list(known)


def _running() -> None:
    """Show datasets being made, and open those that are finished."""
    for name, work in list(works().items()):
        if not work.done:
            st.caption(f"Making {as_markdown(name)}")
            work_progress(work, key=f"derive_cancel_{name}")
            continue
        del works()[name]
        if work.was_cancelled:
            st.info(
                f"{as_markdown(name)} was canceled. Replies of a server are kept: the same "
                f"settings and name resume. {as_markdown(_so_far(work))}",
                icon=":material/pan_tool:",
            )
        elif work.error is not None:
            show_error(work.error)
            if work.spent:
                plain_caption(_so_far(work))
        elif work.lineage is not None:
            st.session_state.setdefault(_SPENT, {})[name] = work.spent
            open_derived(name)
            st.rerun()


def _so_far(work: DeriveWork) -> str:
    return f"So far: {work.spent}." if work.spent else ""


def _known(library: Library) -> list[tuple[DatasetEntry, Lineage]]:
    found = []
    for entry in library.datasets.values():
        try:
            lineage = lineage_of_entry(entry)
        except DatasetError as error:
            show_error(error)
            continue
        if lineage is not None:
            found.append((entry, lineage))
    return found


def _list(known: list[tuple[DatasetEntry, Lineage]]) -> None:
    if not known:
        st.caption(
            "No dataset has been made from another one yet. A derived dataset is one that the "
            "paper tries against borrowing: with simplified responses, filtered, or with evolved "
            "instructions. It is listed under Datasets, and `itlim train` tunes models on it."
        )
        return
    for entry, lineage in known:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{as_markdown(entry.name)}** · {as_markdown(lineage.operation)} of "
                f"{as_markdown(lineage.parent.name)} · {plural(lineage.rows, 'row')}, "
                f"{lineage.changed:,} changed · "
                f"{as_markdown(lineage.made_at[:16].replace('T', ' '))} UTC",
                width="stretch",
            )
            name = as_markdown(entry.name)
            if st.button("Open", key=f"derived_open_{entry.name}", help=f"Open {name}"):
                open_derived(entry.name)
                st.rerun()


def open_derived(name: str) -> None:
    """Point the address at a derived dataset."""
    write_view(**{DERIVED: name, ROW: None})
