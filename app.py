"""Navigation, nothing else: each page is a file in pages/views/."""

import streamlit as st

from itlim.ui.services import open_at_start

st.set_page_config(page_title="itlim", page_icon="itlim/ui/icon.svg", layout="wide")

# Streamlit leaves 6rem above the first line; the response should be in sight without scrolling.
st.html("<style>.stMainBlockContainer {padding-top: 4rem; padding-bottom: 3rem}</style>")

page = st.navigation(
    [
        st.Page("pages/views/inspect_response.py", title="Inspect", default=True),
        st.Page("pages/views/trace_span.py", title="Trace", url_path="trace"),
        st.Page("pages/views/causality_lab.py", title="Causality", url_path="causality"),
        st.Page("pages/views/annotate.py", title="Annotate", url_path="annotate"),
        st.Page("pages/views/adjudicate.py", title="Adjudicate", url_path="adjudicate"),
        st.Page("pages/views/side_by_side.py", title="Side by side", url_path="side-by-side"),
        st.Page("pages/views/compare_models.py", title="Compare", url_path="compare"),
        st.Page("pages/views/datasets.py", title="Datasets", url_path="datasets"),
        st.Page("pages/views/library.py", title="Library", url_path="library"),
        st.Page("pages/views/demo_family.py", title="Demo family", url_path="demo"),
    ],
    position="top",
)
open_at_start()
page.run()
