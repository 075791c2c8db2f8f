"""What a page wants a token view to show, sent down only when it is news.

Everything in a view's data that changes makes Streamlit send the whole payload again.
So a position that merely comes back by way of the address must not change it.
"""

from time import monotonic
from typing import Any

import streamlit as st

from itlim.components.tokens.messages import TokenRange

ECHO_SECONDS = 5.0
"""How long a position that the browser reported may still come back by way of the address."""


def seed_to_begin_with(
    key: str, doc: str, selection: TokenRange | None, metric: str | None
) -> dict[str, Any]:
    """Selection and colouring of the first script run that showed this response in this view."""
    wanted = {"doc": doc, "selection": selection, "metric": metric}
    seed: dict[str, Any] = st.session_state.setdefault(f"{key}/begin", wanted)
    if seed["doc"] != doc:
        seed = st.session_state[f"{key}/begin"] = wanted
    return seed


def cursor_seed(
    key: str, doc: str, wanted: int | None, reported: int | None
) -> dict[str, int] | None:
    """The cursor to send down, the same object as long as nothing new is wanted.

    What the browser itself reported a moment ago is an echo by way of the address and no
    wish: sending it back would pull the cursor away from the reader's hand. Quick clicks
    make the address lag by several of them.

    Args:
        key: of the view.
        doc: the response.
        wanted: position that the page asks for.
        reported: position that the browser last reported.

    Returns:
        `position` and `rev`; the browser follows each rev once.
    """
    memory = st.session_state.setdefault(f"{key}/cursor", {"doc": None, "rev": 0})
    if memory["doc"] != doc:
        memory |= {"doc": doc, "seed": None, "echoes": {}}
    now = monotonic()
    echoes = {at: then for at, then in memory["echoes"].items() if now - then < ECHO_SECONDS}
    if reported is not None:
        echoes[reported] = now
    seed: dict[str, int] | None = memory["seed"]
    known = {*echoes, seed["position"] if seed else None}
    if wanted is not None and wanted not in known:
        memory["rev"] += 1
        seed = {"position": wanted, "rev": memory["rev"]}
    memory |= {"seed": seed, "echoes": echoes}
    return seed
