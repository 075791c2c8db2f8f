"""Repairs of the page around the app: history, lost messages, menu of a narrow window, names.

Streamlit adds a history entry for every change of a URL parameter, so Back needs many presses to
leave a page. Here, a change that only describes the same view (a token, a selection, a coloring)
replaces the entry, as does every change before the reader has done something on the page; another
page or another answer is a new entry. A moment before another page opens from the menu, Streamlit
empties the address of a page whose controls are bound to it; its entry keeps what it named.

When a connection breaks, messages about what to draw can be lost while the message after them, that
the script has finished, arrives once the connection is back: Streamlit then removes what was not
drawn, for instance the text that a person is marking. It requests a script run on reconnection only
if it knew of one under way, or if a fragment of the page runs at an interval.

On a narrow screen, Streamlit's menu is a list with headings between its items, which is not a
valid list. Its links alone say what they are. Streamlit closes this menu after a choice only if the
browser names itself a phone; in a narrow window and on a tablet, it would stay over the page.
"""

import streamlit as st

from itlim.ui.shared.navigation import ARRIVAL, REPLACES
from itlim.ui.shared.people import NAME_PLACEHOLDERS

OPENS = ("run", "item", "study")
"""Parameters whose change opens something else, and so adds an entry."""
_SCRIPT = """
const MENU = '[data-testid="stSidebarNavItems"]';
const KNOWN = "itlim"; // in the state of each entry that was added or changed here
const LEAVING_MS = 1000; // between the two changes of the address when another page opens

function isSameView(from, to, opens) {
  if (to.pathname !== from.pathname) return false;
  const [now, next] = [from.searchParams, to.searchParams];
  return opens.every((name) => !now.get(name) || now.get(name) === next.get(name));
}

function here() {
  return new URL(window.location.href);
}

/** Whether the reader has done something on the page since the present entry was opened. Until
 * then, each change of the address comes from the page itself, or late from the one before. */
function watchUse() {
  const watch = { isUsed: false };
  for (const type of ["pointerdown", "keydown", "click"]) {
    window.addEventListener(type, () => (watch.isUsed = true), true);
  }
  window.addEventListener("popstate", () => (watch.isUsed = false));
  return watch;
}

function repairHistory({ opens, arrival, replaces }) {
  const { pushState, replaceState } = window.history;
  const arrived = new Set();
  const watch = watchUse();
  let emptied = ""; // The address until a moment ago, if the page is about to be left.
  const repaired = (original) =>
    function (state, title, address) {
      const next = new URL(address ?? "", here());
      const isOtherPage = next.pathname !== here().pathname;
      const mark = next.searchParams.get(arrival);
      if (mark && !isOtherPage && !arrived.has(mark)) return;
      if (mark) next.searchParams.delete(arrival);
      const redirects = mark?.startsWith(replaces) && !arrived.has(mark);
      arrived.add(mark);
      const isEmptied = !isOtherPage && !next.search && here().search !== "";
      if (isEmptied) {
        emptied = here().href;
        setTimeout(() => (emptied = ""), LEAVING_MS);
      } else if (isOtherPage && emptied) {
        replaceState.call(this, window.history.state, "", emptied);
      }
      if (!isEmptied) emptied = "";
      const opened = isOtherPage || (watch.isUsed && !isSameView(here(), next, opens));
      const isNew = original === pushState && !redirects && !isEmptied && opened;
      if (isNew) watch.isUsed = false;
      (isNew ? pushState : replaceState).call(this, { ...state, [KNOWN]: true }, title, next.href);
    };
  window.history.pushState = repaired(pushState);
  window.history.replaceState = repaired(replaceState);
}

/** The page's first changes of the address can arrive before this script, and each adds an entry
 * that leads to a page which changes the address again. Back skips these: they are not `KNOWN`. */
function skipFirstEntries({ arrival, replaces }) {
  const now = here();
  const isRedirected = now.searchParams.get(arrival)?.startsWith(replaces);
  now.searchParams.delete(arrival);
  window.history.replaceState(window.history.state, "", now.href);
  let { pathname } = now;
  window.addEventListener("popstate", ({ state }) => {
    if (state?.[KNOWN] || here().hash) return; // A link to a part of the page adds an entry, too.
    if (isRedirected || here().pathname === pathname) return window.history.back();
    pathname = here().pathname;
    window.history.replaceState(state, "", here().href);
  });
}

function repairMenu() {
  for (const node of document.querySelectorAll(`${MENU}, ${MENU} :is(ul, li)`)) {
    if (node.getAttribute("role") !== "presentation") node.setAttribute("role", "presentation");
  }
}

/** An empty list of known names says "No results"; a new name is typed. */
function repairNames({ nameFields, invitation }) {
  const field = document.querySelector('input[role="combobox"][aria-expanded="true"]');
  if (!nameFields.includes(field?.placeholder)) return;
  const empty = document.querySelector('[role="listbox"] [role="option"] > span:only-child');
  if (empty?.textContent === "No results") empty.firstChild.nodeValue = invitation;
}

function closeMenu(event) {
  const isChoice = event.target.closest?.('[data-testid="stSidebarNavLink"]');
  if (!isChoice || event.ctrlKey || event.metaKey || event.shiftKey) return;
  setTimeout(() => {
    const menu = document.querySelector('[data-testid="stSidebar"][data-collapsed="false"]');
    menu?.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
    document.querySelector('[data-testid="stMain"]')?.focus({ preventScroll: true });
  });
}

export default function ({ data }) {
  if (document.documentElement.dataset.itlimRepaired) return;
  document.documentElement.dataset.itlimRepaired = "true";
  repairHistory(data);
  skipFirstEntries(data);
  repairMenu();
  document.addEventListener("click", closeMenu);
  const repair = () => {
    repairMenu();
    repairNames(data);
  };
  new MutationObserver(repair).observe(document.body, { childList: true, subtree: true });
}
"""
_DATA = {
    "opens": list(OPENS),
    "arrival": ARRIVAL,
    "replaces": REPLACES,
    "nameFields": list(NAME_PLACEHOLDERS),
    "invitation": "Type a name, then press Enter",
}
_INTERVAL_SECONDS = 24 * 3600
"""Long, because only its presence matters: it makes the browser request a run on reconnection."""
_COMPONENT = st.components.v2.component("itlim_page_repairs", js=_SCRIPT)


@st.fragment(run_every=_INTERVAL_SECONDS)
def repair_page() -> None:
    """Mount the script; the first mount of a browser tab stays in effect."""
    with st.container(key="itlim-history-place"):
        _COMPONENT(key="itlim-page-repairs", data=_DATA, height="content")
