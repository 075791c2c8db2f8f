"""Text that people typed, shown as it is: names, notes and titles are never Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import streamlit as st

from itlim.errors import ItlimError
from itlim.text.addresses import is_web_address
from itlim.text.html import html_text
from itlim.text.markdown import as_markdown, message_as_markdown, with_visible_controls
from itlim.ui.shared.hidden_folders import without_folders


def plain_caption(text: str) -> None:
    """Draw small text, such as `st.caption`, without Markdown; an address is a link.

    Characters that would reorder the words beside a name are shown as codes.
    """
    shown = html_text(with_visible_controls(without_folders(text)))
    if is_web_address(text):
        shown = f"<a href='{shown}' target='_blank' rel='noopener noreferrer'>{shown}</a>"
    st.html(
        "<div dir='auto' style='font-size:.875rem;opacity:.85;white-space:pre-wrap;"
        f"overflow-wrap:anywhere'>{shown}</div>"
    )


def plain_line(text: str, *, width: Literal["content", "stretch"] = "content") -> None:
    """Draw a text that has several parts, such as `st.text`; none can reorder the others."""
    st.text(with_visible_controls(without_folders(text)), width=width)


def plain_table(rows: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
    """Draw a small table, such as `st.table`, without Markdown in its cells."""
    if isinstance(rows, Mapping):
        st.table({name: _cell(value) for name, value in rows.items()})
    else:
        st.table([{name: _cell(value) for name, value in row.items()} for row in rows])


def _cell(value: object) -> object:
    return as_markdown(without_folders(value)) if isinstance(value, str) else value


def show_error(error: ItlimError | str, *, icon: str = ":material/warning:") -> None:
    """Draw the message of an error, which may quote names and files, as plain text."""
    st.error(shown_message(error), icon=icon)


def show_warning(text: str | ItlimError, *, icon: str = ":material/warning:") -> None:
    """Draw a warning as plain text."""
    st.warning(shown_message(text), icon=icon)


def show_note(text: str, *, icon: str = ":material/info:") -> None:
    """Draw a note as plain text."""
    st.info(shown_message(text), icon=icon)


def shown_message(text: str | ItlimError) -> str:
    """Markdown of a message, as plain text and without the folders of a public server."""
    return message_as_markdown(without_folders(str(text)))


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show an `ItlimError` of the block as a message; the rest of the page is still drawn."""
    try:
        yield
    except ItlimError as error:
        show_error(error)
