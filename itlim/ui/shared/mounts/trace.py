"""Mount the two-sided trace view, and the strip with the spans worth a look."""

from typing import Any

import streamlit as st

from itlim.components.trace import assets
from itlim.components.trace.messages import TraceViewState, parse_candidate, parse_characters

_TRACE = st.components.v2.component(
    "itlim_trace_view",
    html=assets.trace_markup(),
    css=assets.style_sheet(),
    js=assets.streamlit_trace_script(),
)
_OVERVIEW = st.components.v2.component(
    "itlim_trace_overview",
    html=assets.overview_markup(),
    css=assets.style_sheet(),
    js=assets.streamlit_overview_script(),
)


def trace_view(
    payload: dict[str, Any], *, key: str, candidate: str | None = None, reversible: bool = False
) -> TraceViewState:
    """Draw a trace and report what the reader did.

    Args:
        payload: from `trace_payload`; not changed.
        key: names the view; one view a key and script run.
        candidate: instance to begin with, as from the address; later ones are not followed.
        reversible: offer to look for others that hold a candidate's words.

    Raises:
        InputError: the browser sent something malformed.
    """
    doc = payload["doc"]
    begin = st.session_state.setdefault(f"{key}/begin", {"doc": doc, "candidate": candidate})
    if begin["doc"] != doc:
        begin = st.session_state[f"{key}/begin"] = {"doc": doc, "candidate": candidate}
    data = payload | {
        "view_key": key,
        "candidate": begin["candidate"],
        "reversible": reversible,
    }
    result = _TRACE(key=key, data=data, on_candidate_change=_nothing, on_others_change=_nothing)
    known = {one["id"] for one in payload["candidates"]}
    return TraceViewState(
        candidate=parse_candidate(result.candidate, doc=doc, known=known),
        others=parse_candidate(result.others, doc=doc, known=known),
    )


def trace_hits(payload: dict[str, Any], *, key: str) -> str | None:
    """Draw what a search found; the instance whose borrowers were asked for just now, else None.

    Raises:
        InputError: the browser sent something malformed.
    """
    return trace_view(payload, key=key, reversible=True).others


def trace_overview(payload: dict[str, Any], *, key: str) -> tuple[int, int] | None:
    """Draw strip and list; the code points whose source was asked for just now, else None.

    Raises:
        InputError: the browser sent something malformed.
    """
    result = _OVERVIEW(key=key, data=payload, on_trace_change=_nothing)
    return parse_characters(result.trace, doc=payload["doc"], length=payload["length"])


def _nothing() -> None:
    """Streamlit only fills a report that has a callback; it is read after mounting."""
