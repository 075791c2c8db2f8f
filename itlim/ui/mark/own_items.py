"""A person's earlier items, to look at or to reopen."""

import streamlit as st

from itlim.records import Study
from itlim.store.claims import ClaimState, claim_states
from itlim.store.studies import items_of
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view

_SIGNS = {ClaimState.SUBMITTED: "✓", ClaimState.SKIPPED: "skipped:", ClaimState.OPEN: "…"}
_KEY = "own_item"


def own_items(study: Study, person: str) -> None:
    """Draw a list of the items that a person has begun; the chosen one is opened."""
    states = claim_states(services.store(), study.study_id)
    mine = {item: state for (item, who), state in states.items() if who == person}
    names = {
        item.item_id: f"{_SIGNS[mine[item.item_id]]} {item.instruction}"
        for item in items_of(services.store(), study.study_id)
        if mine.get(item.item_id) in _SIGNS
    }
    if names:
        st.selectbox(
            "Your items",
            list(names),
            index=None,
            format_func=lambda item: names.get(item, item),
            key=_KEY,
            placeholder=f"Your items ({len(names)})",
            label_visibility="collapsed",
            on_change=_open,
            width=220,
        )


def _open() -> None:
    chosen = st.session_state[_KEY]
    if chosen:
        write_view(item=chosen)
        st.session_state[_KEY] = None
