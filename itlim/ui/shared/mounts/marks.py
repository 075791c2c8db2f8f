"""Mount the view in which an annotator marks spans of a response."""

from typing import Any

import streamlit as st

from itlim.components.marking import assets
from itlim.components.marking.messages import Edits, parse_edits

_COMPONENT = st.components.v2.component(
    "itlim_mark_view",
    html=assets.markup(),
    css=assets.style_sheet(),
    js=assets.streamlit_script(),
)


def sent_edits(*, key: str, doc: str, text: str) -> Edits | None:
    """Read what the browser has sent, before the view is mounted.

    Store these edits first and mount afterwards, so that the same script run acknowledges them.
    The same edits arrive in every script run until others replace them; `event_id` identifies
    those that are already stored.

    Args:
        key: key of the view.
        doc: id of the sheet on screen.
        text: the response.

    Raises:
        InputError: the message is malformed.
    """
    earlier = st.session_state.get(key) or {}
    return parse_edits(earlier.get("edits"), doc=doc, text=text)


def mark_view(payload: dict[str, Any], *, key: str) -> None:
    """Draw a response to mark; in the next script run, `sent_edits` reads the edits.

    Args:
        payload: from `mark_payload`; it is not modified.
        key: key of the view, unique within a script run.
    """
    _COMPONENT(key=key, data=payload, on_edits_change=_nothing)


def _nothing() -> None:
    """Streamlit sets a value only if it has a callback; the value is read after mounting."""
