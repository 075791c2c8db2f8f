"""The paper that the app implements, linked from the first page."""

import streamlit as st

PAPER = "https://arxiv.org/abs/2402.05119"


def paper_link() -> None:
    """Draw a quiet link to the paper."""
    st.caption(
        f"After [A Closer Look at the Limitations of Instruction Tuning]({PAPER}) "
        "(Ghosh et al. 2024)."
    )
