"""The Trace page: from words of a response to the training instances that hold them too."""

import streamlit as st

from itlim.ui.trace.reverse import show_instance
from itlim.ui.trace.search import show_search
from itlim.ui.trace.sides import show_sides
from itlim.ui.trace.span_view import (
    INSTANCE,
    SEARCH,
    SIDES,
    ask_others,
    choose_view,
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
        if asked := show_search():
            ask_others(asked)
    else:
        show_span(row)
