"""Text that people typed, shown as it is: names, notes and titles are never Markdown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from itlim.errors import ItlimError
from itlim.text.markdown import message_as_markdown


def plain_caption(text: str) -> None:
    """Draw small text, such as `st.caption`, without Markdown; an address is a link."""
    shown = escape(text)
    if re.fullmatch(r"https?://\S+", text):
        shown = f"<a href='{shown}' target='_blank' rel='noopener noreferrer'>{shown}</a>"
    st.html(
        "<div dir='auto' style='font-size:.875rem;opacity:.85;white-space:pre-wrap;"
        f"overflow-wrap:anywhere'>{shown}</div>"
    )


def show_error(error: ItlimError | str, *, icon: str = ":material/warning:") -> None:
    """Draw the message of an error, which may quote names and files, as plain text."""
    st.error(message_as_markdown(str(error)), icon=icon)


def show_warning(text: str | ItlimError, *, icon: str = ":material/warning:") -> None:
    """Draw a warning as plain text."""
    st.warning(message_as_markdown(str(text)), icon=icon)


def show_note(text: str, *, icon: str = ":material/info:") -> None:
    """Draw a note as plain text."""
    st.info(message_as_markdown(text), icon=icon)


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show an `ItlimError` of the block as a message; the rest of the page is still drawn."""
    try:
        yield
    except ItlimError as error:
        show_error(error)
