"""A list of items that opens the one a person chooses."""

from collections.abc import Mapping

import streamlit as st

from itlim.ui.shared.permalink import write_view


def item_picker(label: str, names: Mapping[str, str], *, key: str, placeholder: str) -> None:
    """Draw a list of items; the chosen one is written to the URL, and the list is cleared.

    Args:
        label: label for screen readers.
        names: texts to list, by item id.
        key: key of the widget.
        placeholder: text while nothing is chosen.
    """
    st.selectbox(
        label,
        list(names),
        index=None,
        format_func=lambda item: names.get(item, item),
        key=key,
        placeholder=placeholder,
        label_visibility="collapsed",
        on_change=_open,
        args=(key,),
        width=220,
    )


def _open(key: str) -> None:
    chosen = st.session_state[key]
    if chosen:
        write_view(item=chosen)
        st.session_state[key] = None
