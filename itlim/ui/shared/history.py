"""One history entry per visit of a page, so that Back leaves a page with one press.

Streamlit adds an entry for every change of a URL parameter. A change that only describes the same
view (a token, a selection, a coloring) replaces the entry instead; another page or another answer
is a new entry.
"""

import streamlit as st

OPENS = ("run", "item", "study")
"""Parameters whose change opens something else, and so adds an entry."""
_SCRIPT = """
const original = window.history.itlimPush ?? window.history.pushState;

function isSameView(address, opens) {
  const next = new URL(address ?? "", window.location.href);
  if (next.pathname !== window.location.pathname) return false;
  const now = new URLSearchParams(window.location.search);
  return opens.every((name) => !now.get(name) || now.get(name) === next.searchParams.get(name));
}

export default function ({ data }) {
  if (window.history.itlimPush) return;
  window.history.itlimPush = original;
  window.history.pushState = function (state, title, address) {
    if (isSameView(address, data.opens)) this.replaceState(state, title, address);
    else original.call(this, state, title, address);
  };
}
"""
_COMPONENT = st.components.v2.component("itlim_history", js=_SCRIPT)


def one_entry_per_visit() -> None:
    """Mount the script; the first mount of a browser tab stays in effect."""
    with st.container(key="itlim-history-place"):
        _COMPONENT(key="itlim-history", data={"opens": list(OPENS)}, height="content")
