"""Navigation only; each page is a file in pages/views/."""

import streamlit as st

from itlim.settings import ICON_FILE
from itlim.ui.shared.old_addresses import hidden_pages
from itlim.ui.shared.page_repairs import repair_page
from itlim.ui.shared.style import page_style
from itlim.ui.shared.visit import begin_visit, run_page

st.set_page_config(page_title="itlim", page_icon=str(ICON_FILE), layout="wide")
page_style()

page = st.navigation(
    {
        "Explore": [
            st.Page("pages/views/ask.py", title="Ask", default=True),
            st.Page("pages/views/trace.py", title="Trace", url_path="trace"),
            st.Page("pages/views/test.py", title="Test", url_path="test"),
        ],
        "Annotate": [
            st.Page("pages/views/mark.py", title="Mark", url_path="mark"),
            st.Page("pages/views/adjudicate.py", title="Adjudicate", url_path="adjudicate"),
            st.Page("pages/views/judge_pairs.py", title="Judge pairs", url_path="judge-pairs"),
        ],
        "Set-up": [
            st.Page("pages/views/data_models.py", title="Data & models", url_path="data-models"),
        ],
        "Findings": [
            st.Page("pages/views/findings.py", title="Findings", url_path="findings"),
            st.Page("pages/views/evidence.py", title="Evidence", url_path="evidence"),
            st.Page("pages/views/tour.py", title="Tour", url_path="tour"),
        ],
        "Old addresses": hidden_pages(),
    },
    position="top",
)
begin_visit()
repair_page()
run_page(page)
