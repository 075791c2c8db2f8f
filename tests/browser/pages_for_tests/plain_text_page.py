"""Texts that look like Markdown, in the elements that read Markdown."""

import json
import os

import streamlit as st

from itlim.text.markdown import as_markdown
from itlim.ui.shared.plain_text import plain_caption

for text in json.loads(os.environ["TEXTS"]):
    st.error(as_markdown(text))
    plain_caption(text)
