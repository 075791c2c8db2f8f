"""Mount the token view in a page.

The payload travels once: Streamlit sends equal data as a hash, and everything that
changes by the reader's hand (colouring, selection, cursor) lives in the browser and
only travels up.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from itlim.components.shared.messages import is_about
from itlim.components.tokens import assets
from itlim.components.tokens.messages import (
    TokenRange,
    TokenViewState,
    parse_metric,
    parse_position,
    parse_range,
)
from itlim.components.tokens.metrics import measures_for_browser
from itlim.components.tokens.payload import Layer, Underline
from itlim.records import Thresholds
from itlim.ui.shared.mounts.token_seeds import cursor_seed, seed_to_begin_with

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
    underlines: Sequence[Underline] = (),
    metric: str | None = None,
    report_metric: bool = False,
    compact: bool = False,
    group: str | None = None,
    traceable: bool = False,
    include_end: bool = False,
    label: str = "Tokens of the response",
    height: int | None = None,
    on_gap: Callable[[], None] | None = None,
) -> TokenViewState:
    """Draw the tokens of one response and report what the reader did.

    Args:
        payload: from `token_payload`, `run_payload` or a `TokenFeed`; not changed.
        key: names the view; one view a key and script run.
        thresholds: base ranks that bound the categories. Changing them recolours only.
        streaming: more tokens will come: show a caret, keep the end in sight.
        cursor: position from the address. Followed when it is news to the browser, so the
            page may write the returned cursor to the address and hand it in again.
        selection: tokens selected to begin with, as from the address; later ones are not followed.
        focus: jump to a token and flash it.
        layers: boxes around token ranges; where two overlap, the later is drawn.
        underlines: a second line below token ranges; where two overlap, the later is drawn.
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
        on_gap: called before the script run in which the browser says that it cannot join a
            part of a `TokenFeed` to what it has.

    Raises:
        InputError: the browser sent something malformed.
    """
    doc, n_tokens = payload["doc"], payload.get("start", 0) + len(payload["texts"])
    begin = seed_to_begin_with(key, doc, selection, metric)
    earlier = (st.session_state.get(key) or {}).get("cursor")
    reported = parse_position(earlier, doc=doc, n_tokens=n_tokens)
    data = payload | {
        "view_key": key,
        "thresholds": _limits(thresholds),
        "streaming": streaming,
        "cursor": cursor_seed(key, doc, cursor, reported),
        "focus": asdict(focus) if focus else None,
        "layers": [asdict(layer) for layer in layers],
        "underlines": [asdict(line) for line in underlines],
        "metric": begin["metric"],
        "selection": begin["selection"],
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
        on_gap_change=on_gap or _nothing,
    )
    return _checked(result, begin, doc, n_tokens)


def _checked(result: Any, begin: dict[str, Any], doc: str, n_tokens: int) -> TokenViewState:
    """What the browser reported; where it has not spoken yet, what it was told to begin with."""
    told = begin["selection"]
    selection = told if told and 0 <= told[0] < told[1] <= n_tokens else None
    if is_about(result.selection, doc):
        selection = parse_range(result.selection, doc=doc, n_tokens=n_tokens)
    return TokenViewState(
        selection=selection,
        cursor=parse_position(result.cursor, doc=doc, n_tokens=n_tokens),
        metric=begin["metric"] if result.metric is None else parse_metric(result.metric),
        trace=parse_range(result.trace, doc=doc, n_tokens=n_tokens),
    )


def token_legend(
    *,
    key: str,
    thresholds: Thresholds,
    group: str,
    metric: str | None = None,
    report_metric: bool = False,
) -> str | None:
    """The controls and colour legend that the compact views of a group share.

    Returns:
        The column that colours the tokens; None for the shift category. Only the one to begin
        with unless `report_metric`.
    """
    doc = f"legend of {group}"
    begin = seed_to_begin_with(key, doc, None, metric)
    result = _COMPONENT(
        key=key,
        data={
            "doc": doc,
            "view_key": key,
            "group": group,
            "legend_only": True,
            "thresholds": _limits(thresholds),
            "metric": begin["metric"],
            "report_metric": report_metric,
            "measures": measures_for_browser(),
        },
        on_metric_change=_nothing,
    )
    return begin["metric"] if result.metric is None else parse_metric(result.metric)


def _nothing() -> None:
    """Streamlit only fills a report that has a callback; it is read after mounting."""


def _limits(thresholds: Thresholds) -> dict[str, int]:
    return {
        "marginal_above": thresholds.marginal_above,
        "shifted_above": thresholds.shifted_above,
    }
