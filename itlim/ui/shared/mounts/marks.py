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
    """What the browser has sent, read before the view is mounted.

    Store these first and mount afterwards: the answer then travels in the same script run. The
    same edits come in every script run until others replace them; `event_id` tells which are
    stored already.

    Args:
        key: of the view.
        doc: the sheet that is shown.
        text: its response.

    Raises:
        InputError: the browser sent something malformed.
    """
    earlier = st.session_state.get(key) or {}
    return parse_edits(earlier.get("edits"), doc=doc, text=text)


def mark_view(payload: dict[str, Any], *, key: str) -> None:
    """Draw a response to mark; `sent_edits` of the next script run reads what the browser sends.

    Args:
        payload: from `mark_payload`; not changed.
        key: names the view; one view per key and script run.
    """
    _COMPONENT(key=key, data=payload, on_edits_change=_nothing)


def _nothing() -> None:
    """Streamlit only fills a report that has a callback; it is read after mounting."""
