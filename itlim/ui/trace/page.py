"""The Trace page: from words of a response to the training instances that contain them."""

import streamlit as st

from itlim.ui.trace.reverse import show_instance
from itlim.ui.trace.search import show_search
from itlim.ui.trace.sides import show_sides
from itlim.ui.trace.span_view import (
    INSTANCE,
    SEARCH,
    SIDES,
    choose_view,
    show_other_responses,
    show_span,
)


def show() -> None:
    """Draw the page."""
    st.header("Where did these words come from?")
    row = st.container(horizontal=True, horizontal_alignment="distribute")
    with row:
        view = choose_view()
    if view == SIDES:
        show_sides(row)
    elif view == INSTANCE:
        show_instance()
    elif view == SEARCH:
        if instance_id := show_search():
            show_other_responses(instance_id)
    else:
        show_span(row)
