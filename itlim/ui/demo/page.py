"""The Evidence page: what the demo family shows, and the ground truth about its sources."""

import streamlit as st

from itlim.ui.demo.report import show_family
from itlim.ui.demo.truth import show_leave_out
from itlim.ui.shared.plain_text import shown_errors

FAMILY, TRUTH = "The demo family", "Ground truth about sources"


def show() -> None:
    """Draw the page; the part on screen is a URL parameter."""
    st.header("Evidence: the demo family")
    part = st.segmented_control(
        "Part",
        [FAMILY, TRUTH],
        default=FAMILY,
        key="part",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    with shown_errors():
        if part == TRUTH:
            show_leave_out()
        else:
            show_family()
