"""Mount the token view in a page.

The payload is sent once: Streamlit sends equal data as a hash. What the reader changes (coloring,
selection, cursor) is kept in the browser and reported to the page.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from itlim.components.shared.messages import is_about
from itlim.components.tokens import assets
from itlim.components.tokens.messages import (
    NextStep,
    TokenRange,
    TokenViewState,
    parse_metric,
    parse_position,
    parse_range,
    parse_step,
)
from itlim.components.tokens.metrics import measures_for_browser
from itlim.components.tokens.payload import Layer, Underline
from itlim.records import Thresholds
from itlim.ui.shared.mounts.token_seeds import cursor_update, initial_state

_COMPONENT = st.components.v2.component(
    "itlim_token_view",
    html=assets.markup(),
    css=assets.style_sheet(),
    js=assets.streamlit_script(),
)

STEP_LABELS = {
    NextStep.TRACE: "Where did this come from?",
    NextStep.TEST: "Test it",
    NextStep.MARK: "Mark it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """Makes the view jump to a token, for example after a click in a chart."""

    position: int
    rev: int
    """Any number other than the last one; the view follows each number once."""


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
    fold: bool = False,
    group: str | None = None,
    steps: Sequence[NextStep] = (),
    include_end: bool = False,
    label: str = "Tokens of the response",
    height: int | None = None,
    on_gap: Callable[[], None] | None = None,
) -> TokenViewState:
    """Draw the tokens of one response and return what the reader did.

    Args:
        payload: from `token_payload`, `run_payload` or a `TokenFeed`; it is not modified.
        key: key of the view, unique within a script run.
        thresholds: base ranks that bound the categories; a change only recolors the tokens.
        streaming: more tokens will follow: show a caret, and scroll to the end.
        cursor: position from the URL. The view follows it only if the browser did not report it, so
            the page may write the returned cursor to the URL and pass it again.
        selection: initial selection, for example from the URL; later values are ignored.
        focus: jump to a token and flash it.
        layers: boxes around token ranges; where two overlap, the later one is drawn.
        underlines: lines below token ranges; where two overlap, the later one is drawn.
        metric: initial coloring, a column of `METRICS`; None for the shift category. Later values
            are ignored.
        report_metric: also return the coloring that the reader chooses; each change then costs a
            script run.
        fold: show the first two colorings; the others follow one press later.
        compact: hide the controls and shorten the legend, for columns side by side.
        group: views and `token_legend`s of the same group share their coloring.
        steps: next steps that the popover of a selection offers; Enter takes the first.
        include_end: count end-of-sequence tokens in the shares of the legend, which says so.
        label: accessible name of the text.
        height: largest height of the text in CSS pixels; None shows all of it.
        on_gap: called before a script run in which the browser reports that it lacks an earlier
            part of a `TokenFeed`.

    Raises:
        InputError: a message of the browser is malformed.
    """
    doc, n_tokens = payload["doc"], payload.get("start", 0) + len(payload["texts"])
    initial = initial_state(key, doc, selection, metric)
    earlier = (st.session_state.get(key) or {}).get("cursor")
    reported = parse_position(earlier, doc=doc, n_tokens=n_tokens)
    data = payload | {
        "view_key": key,
        "thresholds": _limits(thresholds),
        "streaming": streaming,
        "cursor": cursor_update(key, doc, cursor, reported),
        "focus": asdict(focus) if focus else None,
        "layers": [asdict(layer) for layer in layers],
        "underlines": [asdict(line) for line in underlines],
        "metric": initial["metric"],
        "selection": initial["selection"],
        "report_metric": report_metric,
        "compact": compact,
        "fold": fold,
        "group": group,
        "steps": [{"name": step, "label": STEP_LABELS[step]} for step in steps],
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
    return _checked(result, initial, doc, n_tokens)


def _checked(result: Any, initial: dict[str, Any], doc: str, n_tokens: int) -> TokenViewState:
    """What the browser reported, checked; the initial state where it has not reported yet."""
    given = initial["selection"]
    selection = given if given and 0 <= given[0] < given[1] <= n_tokens else None
    if is_about(result.selection, doc):
        selection = parse_range(result.selection, doc=doc, n_tokens=n_tokens)
    return TokenViewState(
        selection=selection,
        cursor=parse_position(result.cursor, doc=doc, n_tokens=n_tokens),
        metric=initial["metric"] if result.metric is None else parse_metric(result.metric),
        trace=parse_range(result.trace, doc=doc, n_tokens=n_tokens),
        step=parse_step(result.trace, doc=doc),
    )


def token_legend(
    *,
    key: str,
    thresholds: Thresholds,
    group: str,
    metric: str | None = None,
    report_metric: bool = False,
) -> str | None:
    """Draw the controls and the color legend that the compact views of a group share.

    Returns:
        The column that colors the tokens; None for the shift category. Without `report_metric`,
        this is the initial one.
    """
    doc = f"legend of {group}"
    initial = initial_state(key, doc, None, metric)
    result = _COMPONENT(
        key=key,
        data={
            "doc": doc,
            "view_key": key,
            "group": group,
            "legend_only": True,
            "thresholds": _limits(thresholds),
            "metric": initial["metric"],
            "report_metric": report_metric,
            "measures": measures_for_browser(),
        },
        on_metric_change=_nothing,
    )
    return initial["metric"] if result.metric is None else parse_metric(result.metric)


def _nothing() -> None:
    """Streamlit sets a value only if it has a callback; the value is read after mounting."""


def _limits(thresholds: Thresholds) -> dict[str, int]:
    return {
        "marginal_above": thresholds.marginal_above,
        "shifted_above": thresholds.shifted_above,
    }
