"""Free search over a dataset."""

import streamlit as st


def show_search() -> None:
    """Nothing yet."""
    st.info("Search is in the making.")
