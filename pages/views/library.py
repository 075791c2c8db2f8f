"""Model pairs and stored runs."""

import streamlit as st

from itlim.settings import user_library_path
from itlim.ui import backup_panel, library_view, services

st.header("Library")
library, store = services.library(), services.store()

st.subheader("Model pairs", divider="gray")
library_view.pairs_table(library)
st.caption(f"Your own pairs are kept in `{user_library_path()}`, a file you may also edit by hand.")
with st.expander("Add a pair"):
    library_view.add_pair_form(library)

st.subheader("Stored runs", divider="gray")
library_view.runs_table(store)
with st.expander("Import runs"):
    library_view.import_form(store)
st.caption(f"Runs are kept in `{store.path}`.")

st.subheader("Backups", divider="gray")
with services.shown_errors():
    backup_panel.backup_panel(store)
