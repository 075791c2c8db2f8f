"""Instruction-tuning datasets and the indexes that make them traceable."""

import streamlit as st

from itlim.settings import user_library_path
from itlim.ui import datasets_form, datasets_view, services
from itlim.ui.services import shown_errors
from itlim.ui.trace_indexes import start_build

st.header("Datasets")
library = services.library()
datasets_view.running_builds()
with shown_errors():
    chosen = datasets_view.datasets_table(library)
    if chosen is None:
        st.caption("Select a dataset to build, rebuild or remove its index, or to see its rows.")
    else:
        datasets_view.dataset_detail(chosen, library)
with st.expander("Add a dataset"):
    added = datasets_form.add_dataset_form(library)
if added is not None:
    start_build(added)
    st.rerun()
st.caption(f"Your own entries are kept in `{user_library_path()}`, a file you may edit by hand.")
