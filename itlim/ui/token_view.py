"""Mount the token view in a page.

The payload travels once: Streamlit sends equal data as a hash, and everything that
changes by the reader's hand (colouring, selection, cursor) lives in the browser and
only travels up.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Any

import streamlit as st

from itlim.records import Thresholds
from itlim.token_view import assets
from itlim.token_view.messages import (
    TokenRange,
    TokenViewState,
    parse_metric,
    parse_position,
    parse_range,
)
from itlim.token_view.metrics import metrics_for_browser
from itlim.token_view.payload import Layer

_COMPONENT = st.components.v2.component(
    "itlim_token_view",
    html=assets.markup(),
    css=assets.style_sheet(),
    js=assets.streamlit_script(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """Ask the view to jump to a token, as after a click in a chart."""

    position: int
    rev: int
    """Any number that differs from the last request's: the same one is followed only once."""


def token_view(
    payload: dict[str, Any],
    *,
    key: str,
    thresholds: Thresholds,
    streaming: bool = False,
    cursor: int | None = None,
    selection: TokenRange | None = None,
    focus: Focus | None = None,
    layers: Sequence[Layer] = (),
    metric: str | None = None,
    report_metric: bool = False,
    compact: bool = False,
    group: str | None = None,
    traceable: bool = False,
    include_end: bool = False,
    label: str = "Tokens of the response",
    height: int | None = None,
) -> TokenViewState:
    """Draw the tokens of one response and report what the reader did.

    Args:
        payload: from `token_payload` or `run_payload`; not changed.
        key: names the view; one view a key and script run.
        thresholds: base ranks that bound the categories. Changing them recolours only.
        streaming: more tokens will come: show a caret, keep the end in sight.
        cursor: position from the address. Followed when it is news to the browser, so the
            page may write the returned cursor to the address and hand it in again.
        selection: tokens selected to begin with, as from the address; later ones are not followed.
        focus: jump to a token and flash it.
        layers: boxes around token ranges; where two overlap, the later is drawn.
        metric: colouring to begin with, a column of `METRICS`; None is the shift category. Later
            ones are not followed.
        report_metric: report the reader's colouring too, at the price of a script run; the
            colouring itself never needs one.
        compact: no controls and a one-line legend, for columns side by side.
        group: views and `token_legend`s of the same group share their colouring.
        traceable: name the trace key among the keys.
        include_end: count end-of-sequence tokens in the legend's shares. It says which.
        label: what a screen reader calls the text.
        height: greatest height of the text in CSS pixels; None shows all of it.

    Raises:
        InputError: the browser sent something malformed.
    """
    doc, n_tokens = payload["doc"], len(payload["texts"])
    reported = _reported_cursor(key, payload)
    begin = st.session_state.setdefault(
        f"{key}/begin", {"doc": doc, "selection": selection, "metric": metric}
    )
    if begin["doc"] != doc:
        begin |= {"doc": doc, "selection": selection, "metric": metric}
    selected = begin["selection"]
    data = payload | {
        "view_key": key,
        "thresholds": _limits(thresholds),
        "streaming": streaming,
        "cursor": _cursor_seed(key, payload["doc"], cursor, reported),
        "focus": asdict(focus) if focus else None,
        "layers": [asdict(layer) for layer in layers],
        "metric": begin["metric"],
        "selection": {"start": selected[0], "stop": selected[1]} if selected else None,
        "report_metric": report_metric,
        "compact": compact,
        "group": group,
        "traceable": traceable,
        "include_end": include_end,
        "label": label,
        "height": height,
    }
    result = _COMPONENT(
        key=key,
        data=data,
        on_selection_change=_nothing,
        on_cursor_change=_nothing,
        on_metric_change=_nothing,
        on_trace_change=_nothing,
    )
    if (result.selection or {}).get("doc") == doc:
        selected = parse_range(result.selection, doc=doc, n_tokens=n_tokens)
    return TokenViewState(
        selection=selected,
        metric=begin["metric"] if result.metric is None else parse_metric(result.metric, doc=doc),
        cursor=parse_position(result.cursor, doc=doc, n_tokens=n_tokens),
        trace=parse_range(result.trace, doc=doc, n_tokens=n_tokens),
    )


def token_legend(
    *, key: str, thresholds: Thresholds, group: str, metric: str | None = None
) -> None:
    """The controls and colour legend that the compact views of a group share."""
    _COMPONENT(
        key=key,
        data={
            "doc": f"legend of {group}",
            "view_key": key,
            "group": group,
            "legend_only": True,
            "thresholds": _limits(thresholds),
            "metric": metric,
            "metrics": metrics_for_browser(),
        },
    )


def _nothing() -> None:
    """Streamlit only fills a state's attribute if it has a callback."""


def _limits(thresholds: Thresholds) -> dict[str, int]:
    return {
        "marginal_above": thresholds.marginal_above,
        "shifted_above": thresholds.shifted_above,
    }


def _reported_cursor(key: str, payload: dict[str, Any]) -> int | None:
    """Where the browser last said the cursor is, known before the view is mounted."""
    state = st.session_state.get(key) or {}
    return parse_position(state.get("cursor"), doc=payload["doc"], n_tokens=len(payload["texts"]))


ECHO_SECONDS = 5.0
"""How long a position that the browser reported may still come back by way of the address."""


def _cursor_seed(
    key: str, doc: str, wanted: int | None, reported: int | None
) -> dict[str, int] | None:
    """The cursor to send down, the same object as long as nothing new is wanted.

    What the browser itself reported a moment ago is an echo by way of the address and no
    wish: sending it back would cost the whole payload and pull the cursor away from the
    reader's hand. Quick clicks make the address lag by several of them.
    """
    memory = st.session_state.setdefault(f"{key}/cursor seed", {"doc": None, "rev": 0})
    if memory["doc"] != doc:
        memory |= {"doc": doc, "seed": None, "echoes": {}}
    now = monotonic()
    echoes = {at: then for at, then in memory["echoes"].items() if now - then < ECHO_SECONDS}
    if reported is not None:
        echoes[reported] = now
    seed = memory["seed"]
    known = {*echoes, seed["position"] if seed else None}
    if wanted is not None and wanted not in known:
        memory["rev"] += 1
        seed = {"position": wanted, "rev": memory["rev"]}
    memory |= {"seed": seed, "echoes": echoes}
    return seed
