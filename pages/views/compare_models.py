"""The base model and its tuned versions side by side."""

import streamlit as st

from itlim.ui import compare_view, services
from itlim.ui.inspect_view import featured_run

st.header("base | LFT | SFT on one instruction")
featured = featured_run()
families = compare_view.families(services.library())
pairs, instruction, sent = compare_view.compare_form(
    families, featured.instruction if featured else "Who wrote The Great Gatsby?"
)
with services.shown_errors():
    answers = compare_view.answers_to(pairs, instruction, start=sent)
    compare_view.show_answers(pairs, answers)
