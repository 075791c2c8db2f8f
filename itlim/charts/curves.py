"""Findings at several places of an answer as one line per pair."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from itlim.charts import style
from itlim.charts.findings import SYMBOLS, estimate_hover, interval_ends
from itlim.components.palette import PALETTES, Theme
from itlim.findings.estimates import Estimate


def finding_curves(
    points: Sequence[Estimate], *, axis_title: str, theme: Theme = "light"
) -> go.Figure:
    """One line per pair over the places of a curve, with 95% intervals.

    Args:
        points: of one series, in order of place; undefined ones are left out.
        axis_title: what the places are.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    defined = {one.place for one in points if one.value is not None}
    places = [place for place in dict.fromkeys(one.place for one in points) if place in defined]
    pairs = list(dict.fromkeys(one.pair for one in points))
    figure = go.Figure()
    for number, pair in enumerate(pairs):
        mine = [one for one in points if one.pair == pair and one.value is not None]
        values = [one.value or 0.0 for one in mine]
        # Intervals of several pairs at one place would cover one another.
        shift = 0.07 * (number - (len(pairs) - 1) / 2)
        color = palette.layers[number % len(palette.layers)]
        figure.add_scatter(
            name=escape(pair),
            x=[places.index(one.place) + shift for one in mine],
            y=values,
            mode="lines+markers",
            line={"color": color, "width": 2, "dash": style.DASHES[number % len(style.DASHES)]},
            marker={"size": 8, "color": color, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            error_y=style.whiskers(values, list(map(interval_ends, mine)), palette, width=3),
            hovertext=[f"{escape(one.place)}<br>{estimate_hover(one)}" for one in mine],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    style.apply_layout(figure, palette, height=340)
    figure.update_layout(clickmode="none", dragmode=False)
    figure.update_xaxes(
        tickvals=list(range(len(places))),
        ticktext=[escape(place) for place in places],
        range=[-0.5, len(places) - 0.5],
        title_text=axis_title,
        fixedrange=True,
    )
    unit = points[0].unit if points else ""
    return figure.update_yaxes(title_text=unit, rangemode="tozero", fixedrange=True)
