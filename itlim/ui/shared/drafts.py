"""Typed text that is not saved yet: it survives a change of page, and leaves its field once saved.

A field gets a new key when its text is saved: the browser goes on to show, and sends again, the
text of a field whose value is only deleted.
"""

import streamlit as st


def draft_key(name: str) -> str:
    """Key of the field for the next text; use it with `persist_state="session"`.

    Args:
        name: what the draft is about; different for each item, study or run.
    """
    return f"{name}-{st.session_state.get(_counter(name), 0)}"


def draft_saved(name: str) -> None:
    """Empty the field, from the next script run on."""
    st.session_state.pop(draft_key(name), None)
    st.session_state[_counter(name)] = st.session_state.get(_counter(name), 0) + 1


def _counter(name: str) -> str:
    return f"saved-drafts-{name}"
