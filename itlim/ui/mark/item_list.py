"""A list of responses, each with a button that removes it, and a field that adds one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from itlim.text.messages import plural

PAGE_SIZE = 10
MAX_OFFERED = 300
"""Number of responses that the field offers; more are found by their words."""
_SNIPPET = 160
"""Characters of a response in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedItem:
    """A response in the list."""

    key: str
    instruction: str
    text: str
    source: str = ""
    """Who wrote it; empty if that is not shown."""


def item_list(items: Sequence[ListedItem], *, key: str, on_remove: Callable[[str], None]) -> None:
    """Draw the items, a page at a time.

    Args:
        items: the items, in order.
        key: prefix of the widget keys.
        on_remove: receives the key of the item whose button is pressed.
    """
    n_pages = max(1, -(-len(items) // PAGE_SIZE))
    page = min(st.session_state.get(f"{key}-page", 0), n_pages - 1)
    first = page * PAGE_SIZE
    with st.container(border=True, gap="small"):
        for number, item in enumerate(items[first : first + PAGE_SIZE], start=first + 1):
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                st.html(_row(number, item))
                st.button(
                    "", icon=":material/close:", key=f"{key}-remove-{item.key}", type="tertiary",
                    help=f"Remove item {number}", on_click=on_remove, args=(item.key,),
                )  # fmt: skip
        if n_pages > 1:
            _pages(key, page, n_pages, len(items))


def _row(number: int, item: ListedItem) -> str:
    text = " ".join(item.text.split())
    more = "…" if len(text) > _SNIPPET else ""
    source = (
        f" <span style='opacity:.85'>· <bdi>{escape(item.source)}</bdi></span>"
        if item.source
        else ""
    )
    return (
        "<div dir='auto' style='overflow-wrap:anywhere;line-height:1.4'>"
        f"<div><b>{number}. <bdi>{escape(item.instruction)}</bdi></b>{source}</div>"
        f"<div style='font-size:.9375rem'>{escape(text[:_SNIPPET])}{more}</div></div>"
    )


def _pages(key: str, page: int, n_pages: int, n_items: int) -> None:
    first, last = page * PAGE_SIZE + 1, min((page + 1) * PAGE_SIZE, n_items)
    with st.container(horizontal=True, vertical_alignment="center"):
        for label, to, icon in (
            ("Previous", page - 1, ":material/chevron_left:"),
            ("Next", page + 1, ":material/chevron_right:"),
        ):
            st.button(
                label, icon=icon, key=f"{key}-page-{label}", disabled=not 0 <= to < n_pages,
                on_click=_turn, args=(key, to),
            )  # fmt: skip
        st.text(f"{first}–{last} of {plural(n_items, 'item')}", width="content")


def _turn(key: str, page: int) -> None:
    st.session_state[f"{key}-page"] = page


def add_field(offered: Sequence[ListedItem], *, key: str, on_add: Callable[[str], None]) -> None:
    """Draw a field from which one response is added at a time.

    Args:
        offered: responses that are not in the list.
        key: key of the widget.
        on_add: receives the key of the chosen response.
    """
    names = {one.key: f"{one.instruction} → {one.text}"[:_SNIPPET] for one in offered[:MAX_OFFERED]}
    st.selectbox(
        "Add an answer",
        list(names),
        index=None,
        format_func=lambda name: names.get(name, name),
        key=key,
        placeholder="Add an answer: type words of it" if names else "No other answer matches",
        label_visibility="collapsed",
        disabled=not names,
        on_change=_added,
        args=(key, on_add),
    )


def _added(key: str, on_add: Callable[[str], None]) -> None:
    chosen = st.session_state[key]
    if chosen:
        on_add(chosen)
        st.session_state[key] = None
