"""A metric along the tokens of one response."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from itlim.charts import style
from itlim.components.palette import PALETTES, Palette, Theme
from itlim.components.tokens.metrics import metric_for
from itlim.measures import Measure
from itlim.records import Thresholds
from itlim.schema import ShiftCategory


def metric_along_positions(
    tokens: pa.Table,
    metric: str,
    *,
    thresholds: Thresholds | None = None,
    sentences: Sequence[tuple[int, int]] = (),
    cursor: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """A metric at every token of one response, colored by shift category.

    `customdata` contains [position, visible text], so that a click can select the token: see
    `clicked_position`. The end of the response is drawn but not included in n.

    Args:
        tokens: TOKEN_SHIFTS of one response.
        metric: a column of `METRICS`.
        thresholds: base ranks that separate the categories; those of the paper if None.
        sentences: token ranges [start, stop); every second one is shaded.
        cursor: position to mark.
        theme: light or dark.
    """
    chosen, palette, limits = metric_for(metric), PALETTES[theme], thresholds or Thresholds()
    positions, values = tokens["position"].to_numpy(), tokens[metric].to_numpy()
    categories = np.array([limits.category(rank) for rank in tokens["base_rank"].to_pylist()])
    texts, counted = style.hover_texts(tokens), ~tokens["is_eos"].to_numpy(zero_copy_only=False)
    figure = go.Figure(_stems(positions, values, chosen.range[0], palette))
    for category, look in palette.categories.items():
        plain = category is ShiftCategory.UNSHIFTED
        here = np.flatnonzero(categories == category)
        figure.add_scatter(
            x=positions[here],
            y=values[here],
            mode="markers",
            name=f"{category}, n = {counted[here].sum()}",
            marker={"color": look.line, "symbol": look.symbol, "size": 5 if plain else 8},
            customdata=[[int(positions[i]), texts[i]] for i in here],
            hovertemplate="<b>%{customdata[1]}</b><br>position %{x}<br>"
            f"{chosen.label} %{{y:.3~g}} {style.unit_suffix(chosen)}<extra>{category}</extra>",
        )
    for start, stop in sentences[1::2]:
        figure.add_vrect(
            x0=start - 0.5, x1=stop - 0.5, fillcolor=style.SHADE, line_width=0, layer="below"
        )
    if cursor is not None:
        figure.add_vline(x=cursor, line={"color": palette.accent, "width": 1.5})
    shading = "; every second sentence is shaded" if len(sentences) > 1 else ""
    style.apply_layout(figure, palette, height=320)
    figure.update_xaxes(
        title=f"Position in the response (0-based, tokens{shading})",
        range=[-0.8, max(len(positions), 1) - 0.2],
        showgrid=False,
    )
    return figure.update_yaxes(title=chosen.axis_title, **_value_axis(chosen))


def clicked_position(points: Sequence[Mapping[str, Any]]) -> int | None:
    """The token position of a click in `metric_along_positions`.

    Args:
        points: `st.plotly_chart(…, on_select="rerun").selection.points`.
    """
    for point in points:
        custom = point.get("customdata")
        if isinstance(custom, list | tuple) and custom and type(custom[0]) is int:
            return int(custom[0])
    return None


def _stems(positions: np.ndarray, values: np.ndarray, least: float, palette: Palette) -> go.Scatter:
    """A thin line to every value from the smallest possible one, where the axis starts."""
    floor = np.full(len(values), least)
    gap = np.full(len(values), np.nan)
    return go.Scatter(
        x=np.column_stack([positions, positions, gap]).ravel(),
        y=np.column_stack([floor, values, gap]).ravel(),
        mode="lines",
        line={"color": palette.border, "width": 1.2},
        hoverinfo="skip",
        showlegend=False,
    )


def _value_axis(metric: Measure) -> dict[str, Any]:
    if metric.log_axis:
        return {"type": "log", "dtick": 1}
    if metric.unit == "probability":
        return {"range": [0, 1.03], "tickformat": ".0%"}
    return {"rangemode": "tozero"}
