"""From words of a response to the training instances that hold them too."""

import streamlit as st

from itlim.ui import trace_page, trace_reverse, trace_search, trace_sides

st.header("Where did these words come from?")
row = st.container(horizontal=True, horizontal_alignment="distribute")
with row:
    view = trace_page.choose_view()
match view:
    case trace_page.SIDES:
        trace_sides.show_sides(row)
    case trace_page.INSTANCE:
        trace_reverse.show_instance()
    case trace_page.SEARCH:
        if asked := trace_search.show_search():
            trace_page.ask_others(asked)
    case _:
        trace_page.show_span(row)
