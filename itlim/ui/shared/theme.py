"""The theme of plots, which follows the theme of the page."""

import streamlit as st

from itlim.components.palette import Theme


def theme() -> Theme:
    """Return the theme that Streamlit shows to the visitor."""
    return "dark" if st.context.theme.type == "dark" else "light"
