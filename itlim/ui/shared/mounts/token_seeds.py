"""Initial state and cursor position that a page sends to a token view, only when they are new.

Any change in a view's data makes Streamlit send the whole payload again. A position that the
browser itself reported, and that returns through the URL, must therefore not change it.
"""

from time import monotonic
from typing import Any

import streamlit as st

from itlim.components.tokens.messages import TokenRange

ECHO_SECONDS = 60.0
"""How long a position that the browser reported may still return through the URL. On a busy server,
the script runs of quick clicks wait for each other."""


def initial_state(
    key: str, doc: str, selection: TokenRange | None, metric: str | None
) -> dict[str, Any]:
    """Selection and coloring from the first script run in which this view showed this response."""
    wanted = {"doc": doc, "selection": selection, "metric": metric}
    state: dict[str, Any] = st.session_state.setdefault(f"{key}/initial", wanted)
    if state["doc"] != doc:
        state = st.session_state[f"{key}/initial"] = wanted
    return state


def cursor_update(
    key: str, doc: str, wanted: int | None, reported: int | None
) -> dict[str, int] | None:
    """The cursor to send to the browser; unchanged until the page requests a new position.

    A position that the browser reported a moment ago and that returns through the URL is an
    echo, not a request: sending it would move the cursor away from where the reader is. After
    quick clicks the URL lags by several positions.

    Args:
        key: key of the view.
        doc: id of the response.
        wanted: position that the page requests.
        reported: position that the browser last reported.

    Returns:
        `position` and `rev`; the browser follows each `rev` once. None before the first request.
    """
    memory = st.session_state.setdefault(f"{key}/cursor", {"doc": None, "rev": 0})
    if memory["doc"] != doc:
        memory |= {"doc": doc, "update": None, "echoes": {}}
    now = monotonic()
    echoes = {at: then for at, then in memory["echoes"].items() if now - then < ECHO_SECONDS}
    if reported is not None:
        echoes[reported] = now
    update: dict[str, int] | None = memory["update"]
    known = {*echoes, update["position"] if update else None}
    if wanted is not None and wanted not in known:
        memory["rev"] += 1
        update = {"position": wanted, "rev": memory["rev"]}
    memory |= {"update": update, "echoes": echoes}
    return update
