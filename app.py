"""Navigation only; each page is a file in pages/views/."""

import streamlit as st

from itlim.settings import ICON_FILE
from itlim.ui.shared.services import open_at_start

st.set_page_config(page_title="itlim", page_icon=str(ICON_FILE), layout="wide")

# Streamlit's default of 6rem would push the response below the fold.
st.html("<style>.stMainBlockContainer {padding-top: 4rem; padding-bottom: 3rem}</style>")

page = st.navigation(
    [
        st.Page("pages/views/ask.py", title="Inspect", default=True),
        st.Page("pages/views/trace.py", title="Trace", url_path="trace"),
        st.Page("pages/views/test.py", title="Causality", url_path="causality"),
        st.Page("pages/views/mark.py", title="Annotate", url_path="annotate"),
        st.Page("pages/views/adjudicate.py", title="Adjudicate", url_path="adjudicate"),
        st.Page("pages/views/judge_pairs.py", title="Side by side", url_path="side-by-side"),
        st.Page("pages/views/compare.py", title="Compare", url_path="compare"),
        st.Page("pages/views/datasets.py", title="Datasets", url_path="datasets"),
        st.Page("pages/views/library.py", title="Library", url_path="library"),
        st.Page("pages/views/demo.py", title="Demo family", url_path="demo"),
    ],
    position="top",
)
open_at_start()
page.run()
