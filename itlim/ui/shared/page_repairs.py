"""Repairs of the page around the app: the browser history, and the roles of the menu.

Streamlit adds a history entry for every change of a URL parameter, so Back needs many presses to
leave a page. Here, a change that only describes the same view (a token, a selection, a coloring)
replaces the entry; another page or another answer is a new entry.

On a narrow screen, Streamlit's menu is a list with headings between its items, which is not a
valid list. Its links alone say what they are.
"""

import streamlit as st

OPENS = ("run", "item", "study")
"""Parameters whose change opens something else, and so adds an entry."""
_SCRIPT = """
const MENU = '[data-testid="stSidebarNavItems"]';

function isSameView(address, opens) {
  const next = new URL(address ?? "", window.location.href);
  if (next.pathname !== window.location.pathname) return false;
  const now = new URLSearchParams(window.location.search);
  return opens.every((name) => !now.get(name) || now.get(name) === next.searchParams.get(name));
}

function repairHistory(opens) {
  const original = window.history.pushState;
  window.history.pushState = function (state, title, address) {
    if (isSameView(address, opens)) this.replaceState(state, title, address);
    else original.call(this, state, title, address);
  };
}

function repairMenu() {
  for (const node of document.querySelectorAll(`${MENU}, ${MENU} :is(ul, li)`)) {
    if (node.getAttribute("role") !== "presentation") node.setAttribute("role", "presentation");
  }
}

export default function ({ data }) {
  if (document.documentElement.dataset.itlimRepaired) return;
  document.documentElement.dataset.itlimRepaired = "true";
  repairHistory(data.opens);
  repairMenu();
  new MutationObserver(repairMenu).observe(document.body, { childList: true, subtree: true });
}
"""
_COMPONENT = st.components.v2.component("itlim_page_repairs", js=_SCRIPT)


def repair_page() -> None:
    """Mount the script; the first mount of a browser tab stays in effect."""
    with st.container(key="itlim-history-place"):
        _COMPONENT(key="itlim-page-repairs", data={"opens": list(OPENS)}, height="content")
