"""Text that people typed, shown as it is: names, notes and titles are never Markdown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from itlim.errors import ItlimError
from itlim.text.markdown import as_markdown


def plain_caption(text: str) -> None:
    """Draw small text, such as `st.caption`, without Markdown; an address is a link."""
    shown = escape(text)
    if re.fullmatch(r"https?://\S+", text):
        shown = f"<a href='{shown}' target='_blank' rel='noopener noreferrer'>{shown}</a>"
    st.html(
        "<div dir='auto' style='font-size:.875rem;opacity:.85;white-space:pre-wrap;"
        f"overflow-wrap:anywhere'>{shown}</div>"
    )


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show an `ItlimError` of the block, which may quote names and titles, as plain text."""
    try:
        yield
    except ItlimError as error:
        st.error(as_markdown(str(error)), icon=":material/warning:")
