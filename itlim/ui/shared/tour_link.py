"""The way into the tour, from the first page and back into it."""

import streamlit as st


def tour_link() -> None:
    """Draw a link to the tour; a visitor who left it continues where it was left."""
    step = st.session_state.get("tour_step")
    st.page_link(
        "pages/views/tour.py",
        label="Continue the tour" if step else "Tour: three steps",
        icon=":material/play_circle:",
        query_params={"step": str(step)} if step else None,
        help="One false sentence, where it was copied from, and what the model says without it.",
    )
