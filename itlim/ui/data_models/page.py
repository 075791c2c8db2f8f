"""The Data & models page: datasets, pairs, batches, runs, backups, disk and memory."""

import streamlit as st

from itlim.settings import is_public, user_library_path
from itlim.text.markdown import message_as_markdown
from itlim.ui.data_models.batch_view import BATCH
from itlim.ui.data_models.batches import show_batches
from itlim.ui.data_models.datasets import DATASET, show_datasets
from itlim.ui.data_models.derived import show_derived_datasets
from itlim.ui.data_models.derived_view import DERIVED as DERIVED_NAME
from itlim.ui.data_models.derived_view import ROW
from itlim.ui.data_models.model_pairs import PAIR, add_pair_form, pair_notices, pairs_table
from itlim.ui.data_models.remote_pairs import add_remote_form
from itlim.ui.data_models.run_import import import_form
from itlim.ui.data_models.storage import show_storage
from itlim.ui.data_models.stored_runs import runs_table
from itlim.ui.shared import services
from itlim.ui.shared.backup_panel import backup_panel
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import Action, is_refused

DATASETS, PAIRS, BATCHES, RUNS = "Datasets", "Model pairs", "Batches", "Stored runs"
DERIVED = "Derived datasets"
BACKUPS, STORAGE = "Backups", "Disk & memory"


def show() -> None:
    """Draw the page; the part on screen is a URL parameter."""
    st.header("Data & models")
    part = st.segmented_control(
        "Part",
        [DATASETS, DERIVED, PAIRS, BATCHES, RUNS, BACKUPS, STORAGE],
        default=DATASETS,
        key="part",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    if part != DATASETS:
        write_view(**{DATASET: None})
    if part != PAIRS:
        write_view(**{PAIR: None})
    if part != BATCHES:
        write_view(**{BATCH: None})
    if part != DERIVED:
        write_view(**{DERIVED_NAME: None, ROW: None})
    show_part = {
        DATASETS: show_datasets,
        DERIVED: show_derived_datasets,
        PAIRS: _show_pairs,
        BATCHES: show_batches,
        RUNS: _show_runs,
        BACKUPS: _show_backups,
        STORAGE: lambda: show_storage(services.library()),
    }
    show_part[part]()


def _show_pairs() -> None:
    library = services.library()
    pair_notices()
    pairs_table(library)
    if is_refused(Action.PAIRS):
        return
    where = f"Your own pairs are stored in `{user_library_path()}`."
    st.caption(message_as_markdown(f"{where} You can also edit this file by hand."))
    with st.expander("Add a pair", key="add-pair", bind="query-params"):
        add_pair_form(library)
    with st.expander(
        "Add a pair with a model behind a server", key="add-remote", bind="query-params"
    ):
        add_remote_form(library)
    pair_notices()


def _show_runs() -> None:
    store = services.store()
    if is_public():
        runs_table(store)
        is_refused(Action.RUNS)
        return
    table = st.container()
    with st.expander("Import runs", key="import-runs", bind="query-params"):
        import_form(store)
    # Drawn afterwards, so that it contains what was imported.
    with table:
        runs_table(store)
    st.caption(message_as_markdown(f"Runs are stored in `{store.path}`."))


def _show_backups() -> None:
    if is_refused(Action.BACKUPS):
        return
    with shown_errors():
        backup_panel(services.store())
