"""The Data & models page: datasets, model pairs, stored runs and backups."""

import streamlit as st

from itlim.settings import user_library_path
from itlim.ui.data_models.batches import batches_form
from itlim.ui.data_models.datasets import show_datasets
from itlim.ui.data_models.model_pairs import add_pair_form, pair_notices, pairs_table
from itlim.ui.data_models.run_import import import_form
from itlim.ui.data_models.stored_runs import runs_table
from itlim.ui.shared import services
from itlim.ui.shared.backup_panel import backup_panel
from itlim.ui.shared.plain_text import shown_errors

DATASETS, PAIRS, RUNS, BACKUPS = "Datasets", "Model pairs", "Stored runs", "Backups"


def show() -> None:
    """Draw the page; the part on screen is a URL parameter."""
    st.header("Data & models")
    part = st.segmented_control(
        "Part",
        [DATASETS, PAIRS, RUNS, BACKUPS],
        default=DATASETS,
        key="part",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    {DATASETS: show_datasets, PAIRS: _show_pairs, RUNS: _show_runs, BACKUPS: _show_backups}[part]()


def _show_pairs() -> None:
    library = services.library()
    pair_notices()
    pairs_table(library)
    st.caption(
        f"Your own pairs are stored in `{user_library_path()}`. You can also edit this file by "
        "hand."
    )
    with st.expander("Add a pair"):
        add_pair_form(library)
    pair_notices()


def _show_runs() -> None:
    store = services.store()
    table = st.container()
    with st.expander("Import runs"):
        import_form(store)
    with st.expander("Batches"):
        batches_form(store)
    # Drawn afterwards, so that it contains what was imported.
    with table:
        runs_table(store)
    st.caption(f"Runs are stored in `{store.path}`.")


def _show_backups() -> None:
    with shown_errors():
        backup_panel(services.store())
