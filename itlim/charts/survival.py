"""Horizontal bars of shares with intervals, such as how often a phrase recurs."""

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Palette, Theme

_LABEL_WIDTH = 26
"""Characters per line of a row's name; a longer line is cut off on a telephone."""


def survival_bars(shares: Sequence[Mapping[str, Any]], *, theme: Theme = "light") -> go.Figure:
    """How often a phrase recurs in the answers of each pair.

    Args:
        shares: rows of `pair`, `recurs`, `n`, `share` and `interval`, as
            `causality.rephrasing.table.survival` returns them.
        theme: light or dark.
    """
    rows = [
        {
            "name": one["pair"],
            "share": one["share"],
            "interval": one["interval"],
            "text": f"{one['recurs']} of {one['n']}",
        }
        for one in shares
    ]
    return share_bars(rows, title="Share of answers in which the phrase recurs", theme=theme)


def share_bars(
    rows: Sequence[Mapping[str, Any]], *, title: str, theme: Theme = "light"
) -> go.Figure:
    """One horizontal bar per row, from 0 to 1, with a whisker.

    Args:
        rows: top row first: `name`, `share`, `interval` (low and high, or None) and the `text`
            next to the bar.
        title: title of the axis, which states the base of the share.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    figure = go.Figure()
    _bars(figure, rows, palette)
    labels = [wrap(one["name"], _LABEL_WIDTH) for one in rows]
    row_height = max([38, *(4 + 18 * len(lines) for lines in labels)])
    style.apply_layout(figure, palette, height=90 + row_height * len(rows))
    figure.update_layout(
        showlegend=False, margin={"t": 10, "r": 130, "b": 44}, clickmode="none", dragmode=False
    )
    figure.update_xaxes(title_text=title, tickformat=".0%", range=[0, 1], fixedrange=True)
    return figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=["<br>".join(map(escape, lines)) for lines in labels],
        range=[len(rows) - 0.45, -0.55],
        ticklabelstandoff=10,
        showgrid=False,
        fixedrange=True,
    )


def _bars(figure: go.Figure, rows: Sequence[Mapping[str, Any]], palette: Palette) -> None:
    color = palette.layers[0]
    places = list(range(len(rows)))
    shares = [one["share"] for one in rows]
    intervals = [one["interval"] or (one["share"], one["share"]) for one in rows]
    figure.add_bar(
        y=places,
        x=shares,
        width=0.55,
        orientation="h",
        marker={"color": style.translucent(color, 0.5), "line": {"color": color, "width": 1.5}},
        error_x=style.whiskers(shares, intervals, palette),
        hovertext=[
            f"{escape(one['name'])}: {escape(one['text'])} · {one['share']:.0%}<br>"
            f"95% interval {low:.0%} to {high:.0%}"
            for one, (low, high) in zip(rows, intervals, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        y=places,
        x=[high for _, high in intervals],
        mode="text",
        text=[f"  {escape(one['text'])}" for one in rows],
        textposition="middle right",
        textfont={"color": palette.text, "size": 13},
        cliponaxis=False,
        hoverinfo="skip",
    )
