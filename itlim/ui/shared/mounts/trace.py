"""Mount the trace view, which shows response and instance, and the strip of suggested spans."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from itlim.components.trace import assets
from itlim.components.trace.messages import (
    TraceViewState,
    parse_candidate,
    parse_characters,
    parse_unfolded,
)

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
    payload: dict[str, Any],
    *,
    key: str,
    candidate: str | None = None,
    reversible: bool = False,
    folded: bool = False,
    unfolded: Sequence[str] = (),
) -> TraceViewState:
    """Draw a trace and return what the reader did.

    Args:
        payload: from `trace_payload`; it is not modified.
        key: key of the view, unique within a script run.
        candidate: instance shown first, for example from the URL; later values are ignored.
        reversible: offer a search for other responses that contain a candidate's words.
        folded: show the verdict and the best source; figures and other candidates on request.
        unfolded: parts of `FOLDS` that are open at first; later values are ignored.

    Raises:
        InputError: a message of the browser is malformed.
    """
    doc = payload["doc"]
    given = {"doc": doc, "candidate": candidate, "unfolded": list(unfolded)}
    initial = st.session_state.setdefault(f"{key}/initial", given)
    if initial["doc"] != doc:
        initial = st.session_state[f"{key}/initial"] = given
    data = payload | {
        "view_key": key,
        "candidate": initial["candidate"],
        "unfolded": initial["unfolded"],
        "reversible": reversible,
        "folded": folded,
    }
    result = _TRACE(
        key=key,
        data=data,
        on_candidate_change=_nothing,
        on_others_change=_nothing,
        on_unfolded_change=_nothing,
    )
    known = {one["id"] for one in payload["candidates"]}
    return TraceViewState(
        candidate=parse_candidate(result.candidate, doc=doc, known=known),
        others=parse_candidate(result.others, doc=doc, known=known),
        unfolded=parse_unfolded(result.unfolded, doc=doc),
    )


def trace_hits(payload: dict[str, Any], *, key: str) -> str | None:
    """Draw the results of a search.

    Returns:
        The instance whose other responses were requested in this script run, or None.

    Raises:
        InputError: a message of the browser is malformed.
    """
    return trace_view(payload, key=key, reversible=True).others


def trace_overview(payload: dict[str, Any], *, key: str) -> tuple[int, int] | None:
    """Draw the strip and the list of suggested spans.

    Returns:
        The code-point range whose source was requested in this script run, or None.

    Raises:
        InputError: a message of the browser is malformed.
    """
    result = _OVERVIEW(key=key, data=payload, on_trace_change=_nothing)
    return parse_characters(result.trace, doc=payload["doc"], length=payload["length"])


def _nothing() -> None:
    """Streamlit sets a value only if it has a callback; the value is read after mounting."""
