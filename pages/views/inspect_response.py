"""Colour the tokens of one response by where they came from."""

import streamlit as st

from itlim.ui import inspect_view, services
from itlim.ui.ask_form import ask_form
from itlim.ui.permalink import read_view

st.header("Which words did instruction tuning put there?")
inspect_view.prefill_from(read_view())
live = inspect_view.current_live()
request = ask_form(services.library(), busy=live is not None and not live.done)
if request is not None:
    inspect_view.take_up(request)
inspect_view.show_current(read_view())
