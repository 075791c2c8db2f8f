"""The visitor's theme, for plots."""

import streamlit as st

from itlim.components.palette import Theme


def theme() -> Theme:
    """The visitor's theme, for plots."""
    return "dark" if st.context.theme.type == "dark" else "light"
