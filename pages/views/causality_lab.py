"""Does the phrase disappear when its source does? Rephrase the question, or retrain without it."""

import streamlit as st

from itlim.ui import lab_page

st.header("What happens without it?")
row = st.container(horizontal=True, horizontal_alignment="distribute")
with row:
    view = lab_page.choose_view()
match view:
    case lab_page.TRUTH:
        lab_page.show_truth()
    case lab_page.RETRAIN:
        lab_page.show_retraining(row)
    case _:
        lab_page.show_rephrasing(row)
