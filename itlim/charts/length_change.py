"""Lengths of responses before and after a dataset was changed."""

from collections.abc import Sequence

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Theme

_POINTS = 200
"""Points of a curve; more cannot be told apart."""
_SHOWN = 0.99
"""Share of the responses up to whose length the axis goes: a few are many times as long."""


def length_curves(
    before: Sequence[int], after: Sequence[int], *, theme: Theme = "light"
) -> go.Figure:
    """Share of responses with at most so many words, one curve before and one after.

    Args:
        before: words of each response of the parent.
        after: words of each response of the new dataset.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    figure = go.Figure()
    for name, lengths, color, dash in (
        ("before", before, palette.base, "dash"),
        ("after", after, palette.tuned, "solid"),
    ):
        ordered = sorted(lengths)
        n = len(ordered)
        if not n:
            continue
        places = sorted({round(step * (n - 1) / (_POINTS - 1)) for step in range(_POINTS)})
        figure.add_scatter(
            name=f"{name}, n = {n:,}",
            x=[0, *(ordered[place] for place in places)],
            y=[0.0, *((place + 1) / n for place in places)],
            mode="lines",
            line={"color": color, "width": 2, "dash": dash, "shape": "hv"},
            hovertemplate=f"{name}: %{{y:.0%}} have at most %{{x:,}} words<extra></extra>",
        )
    shown = max(
        (sorted(one)[int(_SHOWN * (len(one) - 1))] for one in (before, after) if one), default=1
    )
    style.apply_layout(figure, palette, height=240)
    figure.update_layout(clickmode="none", dragmode=False)
    figure.update_xaxes(
        title_text=f"words of a response (up to {_SHOWN:.0%} of the responses)",
        range=[0, 1.02 * max(1, shown)],
        fixedrange=True,
    )
    return figure.update_yaxes(
        title_text="share of rows", tickformat=".0%", range=[0, 1.02], fixedrange=True
    )
