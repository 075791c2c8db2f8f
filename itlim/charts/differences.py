"""Paired differences of two pairs in several measures, ranked by how clear they are."""

import math
from collections.abc import Sequence
from html import escape
from textwrap import wrap

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Theme
from itlim.findings.answers import marks_name
from itlim.findings.comparison import Difference

_LABEL_WIDTH = 38
"""Characters per line of a measure."""


def difference_intervals(differences: Sequence[Difference], *, theme: Theme = "light") -> go.Figure:
    """Paired differences with their intervals, each divided by half its width, largest first.

    Measures have different units; scaled like this, they share an axis, and an interval that does
    not cross 0 excludes it. The hover text has the difference itself. An interval without width,
    where all differences are equal, cannot be scaled: its marker is at 0 or beyond all others,
    is an open diamond, and its label says so.

    Args:
        differences: of one comparison.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    scaled = _scaled(differences)
    figure = go.Figure()
    figure.add_scatter(
        x=[value for _, value, _, _ in scaled],
        y=list(range(len(scaled))),
        mode="markers",
        marker={
            "size": 11,
            "color": palette.layers[0],
            "symbol": ["circle" if high > low else "diamond-open" for _, _, low, high in scaled],
        },
        error_x=style.whiskers(
            [value for _, value, _, _ in scaled],
            [(low, high) for _, _, low, high in scaled],
            palette,
        ),
        hovertext=[
            f"{escape(one.measure)}: {one.difference:+.3g} {escape(one.unit)}<br>"
            f"95% interval {one.ci_low:+.3g} to {one.ci_high:+.3g}, n = {one.n:,}"
            for one, *_ in scaled
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    figure.add_vline(x=0, line={"color": palette.muted, "width": 1, "dash": "dash"})
    style.apply_layout(figure, palette, height=110 + 44 * max(1, len(scaled)))
    figure.update_layout(clickmode="none", dragmode=False)
    figure.update_xaxes(title_text="difference ÷ half the width of its interval", fixedrange=True)
    return figure.update_yaxes(
        tickvals=list(range(len(scaled))),
        ticktext=[_difference_label(one) for one, *_ in scaled],
        range=[len(scaled) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )


def _difference_label(one: Difference) -> str:
    notes = [f"by {marks_name(one.marks)}"] if one.marks else []
    notes += ["all differences are equal"] if one.ci_low == one.ci_high else []
    text = f"{one.measure} ({', '.join(notes)})" if notes else one.measure
    return "<br>".join(wrap(escape(text), _LABEL_WIDTH))


def _scaled(
    differences: Sequence[Difference],
) -> list[tuple[Difference, float, float, float]]:
    """Differences and their intervals, all divided by half the interval's width, largest first."""
    halves = [(one, (one.ci_high - one.ci_low) / 2) for one in differences]
    found = [
        (one, one.difference / half, one.ci_low / half, one.ci_high / half)
        for one, half in halves
        if half > 0
    ]
    beyond = 1 + max((max(abs(low), abs(high)) for _, _, low, high in found), default=1.0)
    for one, half in halves:
        if not half > 0:
            at = math.copysign(beyond, one.difference) if one.difference else 0.0
            found.append((one, at, at, at))
    return sorted(found, key=lambda row: -abs(row[1]))
