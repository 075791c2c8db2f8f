"""Judgments of two responses by category (paper, Figure 6)."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from itlim.annotation.side_by_side import Tally
from itlim.charts import style
from itlim.components.palette import PALETTES, Palette, Theme
from itlim.records import Contrast, Model

CATEGORY_TITLES: Mapping[Contrast, str] = {
    Contrast.MORE_DETAILED: "1  Both accurate, one<br>more detailed and preferred",
    Contrast.DIFFERENT: "2  Both accurate, but<br>different information-wise",
    Contrast.BOTH_WRONG: "3  Both completely<br>inaccurate",
    Contrast.PROLONGED: "4  One hallucinated to<br>prolong the response",
    Contrast.CORE_WRONG: "5  One hallucinated in<br>the core facts",
}
_BAR_WIDTH = 0.36
_OPACITY = 0.5
"""Opacity of bars, low enough for whiskers to be visible on them."""


def contrast_shares(
    tallies: Sequence[Tally], names: Mapping[Model, str], *, theme: Theme = "light"
) -> go.Figure:
    """Share of judgments in each category, with counts and 95% intervals.

    Categories 1, 4 and 5 have one bar per model, because they refer to one of the two.

    Args:
        tallies: all outcomes, from `annotation.side_by_side.tallies`.
        names: display names of the two models, upper bar first; may be pseudonyms.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    figure = go.Figure()
    for model in (*names, None):
        _bars(figure, [one for one in tallies if one.outcome.model is model], model, names, palette)
    ends = [one.interval[1] if one.interval else 0.0 for one in tallies]
    style.apply_layout(figure, palette, height=470)
    figure.update_layout(
        barmode="overlay",
        legend={"y": 1.02, "traceorder": "normal", "font": {"size": 14}},
        font={"size": 14},
        margin={"t": 44, "r": 24},
        clickmode="none",
        dragmode=False,
    )
    n = tallies[0].n if tallies else 0
    figure.update_xaxes(
        title_text=f"Share of judgments, n = {n}",
        tickformat=".0%",
        range=[0, max(0.3, max(ends, default=0.0)) * 1.22],
        tickvals=[tenth / 10 for tenth in range(11)],
        fixedrange=True,
    )
    return figure.update_yaxes(
        tickvals=list(range(len(Contrast))),
        ticktext=[CATEGORY_TITLES[one] for one in Contrast],
        range=[len(Contrast) - 0.45, -0.55],
        ticklabelstandoff=10,
        showgrid=False,
        fixedrange=True,
    )


def _bars(
    figure: go.Figure,
    tallies: Sequence[Tally],
    model: Model | None,
    names: Mapping[Model, str],
    palette: Palette,
) -> None:
    rows = list(Contrast)
    color, pattern = _color_and_pattern(model, names, palette)
    places = [rows.index(one.outcome.contrast) + _row_offset(model, names) for one in tallies]
    intervals = [one.interval or (0.0, 0.0) for one in tallies]
    label = "Said of both" if model is None else f"Said of {escape(names[model])}"
    texts = [f"{one.count} of {one.n} · {one.share:.0%}" for one in tallies]
    hovers = [
        f"{label}: {text}<br>95% interval {low:.0%} to {high:.0%}, n = {one.n_items} instructions"
        for one, text, (low, high) in zip(tallies, texts, intervals, strict=True)
    ]
    figure.add_bar(
        y=places,
        x=[one.share for one in tallies],
        width=_BAR_WIDTH,
        orientation="h",
        name=label,
        marker={"color": style.translucent(color, _OPACITY), "pattern": pattern}
        | {"line": {"color": color, "width": 1.5}},
        error_x=style.whiskers(
            [one.share for one in tallies],
            [one.interval or (one.share, one.share) for one in tallies],
            palette,
        ),
        hovertext=hovers,
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        y=places,
        x=[high for _, high in intervals],
        mode="text",
        text=[f"  {text}" for text in texts],
        textposition="middle right",
        textfont={"color": palette.text, "size": 13},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _row_offset(model: Model | None, names: Mapping[Model, str]) -> float:
    """Vertical offset of a model's bar from the middle of its row."""
    if model is None:
        return 0.0
    return -0.2 if model is next(iter(names)) else 0.2


def _color_and_pattern(
    model: Model | None, names: Mapping[Model, str], palette: Palette
) -> tuple[str, dict[str, Any]]:
    """Color and pattern of a model; the pattern distinguishes the models without color."""
    if model is None:
        return palette.muted, {}
    if model is next(iter(names)):
        return palette.layers[0], {}
    color = palette.layers[2]
    # plotly uses bgcolor, and not the color of the bar, as the background of a pattern.
    hatched = {"shape": "/", "size": 8, "solidity": 0.2, "fgcolor": color}
    return color, {**hatched, "bgcolor": style.translucent(color, _OPACITY)}
