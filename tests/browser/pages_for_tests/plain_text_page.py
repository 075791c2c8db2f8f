"""Texts that look like Markdown, in the elements that read Markdown."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from itlim.text.markdown import as_markdown
from itlim.ui.shared.plain_text import plain_caption

for text in st.query_params.get_all("text"):
    st.error(as_markdown(text))
    plain_caption(text)
