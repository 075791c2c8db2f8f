"""The distribution of a metric over the tokens of one or more runs."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from itlim.charts import style
from itlim.components.palette import PALETTES, Palette, Theme
from itlim.components.tokens.metrics import metric_for


def metric_distribution(
    runs: Mapping[str, pa.Table],
    metric: str,
    *,
    include_end: bool = False,
    theme: Theme = "light",
) -> go.Figure:
    """Share of tokens in each of the metric's eight color steps, as in the token view.

    Args:
        runs: TOKEN_SHIFTS by name. A single run is drawn in the colors of the steps.
        metric: a column of `METRICS`.
        include_end: also count end-of-sequence tokens.
        theme: light or dark.
    """
    chosen, palette = metric_for(metric), PALETTES[theme]
    labels = style.step_labels(chosen)
    figure = go.Figure()
    for number, (name, tokens) in enumerate(runs.items()):
        values = style.token_values(tokens, metric, include_end)
        marker = _step_marker(palette) if len(runs) == 1 else style.series_marker(palette, number)
        counts = np.bincount(chosen.steps(values), minlength=8)
        shares = counts / len(values) if len(values) else np.zeros(8)
        figure.add_bar(
            x=labels,
            y=shares,
            name=f"{escape(name)}, n = {len(values)}",
            marker=marker,
            customdata=counts,
            hovertemplate=f"%{{x}}<br>%{{customdata}} of {len(values)} tokens, %{{y:.1%}}"
            f"<extra>{escape(name)}</extra>",
        )
    style.apply_layout(figure, palette, height=280)
    figure.update_layout(bargap=0.12, showlegend=len(runs) > 1)
    figure.update_xaxes(title=chosen.axis_title, type="category", showgrid=False)
    return figure.update_yaxes(
        title=f"Share of tokens{style.n_of_single_run(runs, include_end)}",
        tickformat=".0%",
        rangemode="tozero",
    )


def metric_ecdf(
    runs: Mapping[str, pa.Table],
    metric: str,
    *,
    include_end: bool = False,
    theme: Theme = "light",
) -> go.Figure:
    """Share of tokens at or below each value of a metric, one curve per run.

    Divergences and ranks have a logarithmic axis. It cannot show a divergence of 0; the share of
    zeros is the height at which the curve begins.
    """
    chosen, palette = metric_for(metric), PALETTES[theme]
    logarithmic = chosen.log_axis or chosen.unit == "nats"
    figure = go.Figure()
    for number, (name, tokens) in enumerate(runs.items()):
        values = np.sort(style.token_values(tokens, metric, include_end))
        shares = np.arange(1, len(values) + 1) / max(len(values), 1)
        drawn = values > 0 if logarithmic else np.ones(len(values), dtype=bool)
        figure.add_scatter(
            x=values[drawn],
            y=shares[drawn],
            mode="lines",
            line={"shape": "hv", "width": 2, "dash": style.DASHES[number % 4]}
            | {"color": palette.layers[number % 4]},
            name=f"{escape(name)}, n = {len(values)}",
            hovertemplate=f"%{{y:.1%}} at or below %{{x:.3~g}}<extra>{escape(name)}</extra>",
        )
    style.apply_layout(figure, palette, height=280)
    figure.update_layout(showlegend=len(runs) > 1)
    figure.update_xaxes(title=chosen.axis_title, **style.number_axis(chosen))
    return figure.update_yaxes(
        title=f"Share of tokens at or below{style.n_of_single_run(runs, include_end)}",
        tickformat=".0%",
        range=[0, 1.02],
    )


def _step_marker(palette: Palette) -> dict[str, Any]:
    fills = [style.SHADE if fill == "transparent" else fill for fill in palette.ramp]
    return {"color": fills, "line": {"color": palette.muted, "width": 1}}
