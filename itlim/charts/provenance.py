"""How much more often responses repeat each dataset than control answers do, with intervals."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Theme
from itlim.records import DatasetProvenance
from itlim.records.traces import BEYOND_CHANCE


def provenance_intervals(
    datasets: Sequence[DatasetProvenance], *, theme: Theme = "light"
) -> go.Figure:
    """Difference of the flagged shares per dataset, with its 95% interval; first on top.

    Filled markers have p < .05, so color is not the only signal.

    Args:
        datasets: compared with controls, strongest first.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    known = [one for one in datasets if one.difference is not None]
    estimates = [_points(one) for one in known]
    figure = go.Figure()
    figure.add_scatter(
        x=[value for value, _, _ in estimates],
        y=list(range(len(known))),
        mode="markers",
        marker={
            "size": 11,
            "color": palette.layers[0],
            "symbol": ["circle" if _stands_out(one) else "circle-open" for one in known],
            "line": {"width": 2},
        },
        error_x=style.whiskers(
            [value for value, _, _ in estimates],
            [(low, high) for _, low, high in estimates],
            palette,
        ),
        hovertext=[
            f"{escape(one.dataset)}: {value:+.1f} points<br>"
            f"95% interval {low:+.1f} to {high:+.1f}, n = {one.n:,}, p = {one.p:.2g}"
            for one, (value, low, high) in zip(known, estimates, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    figure.add_vline(x=0, line={"color": palette.muted, "width": 1, "dash": "dash"})
    style.apply_layout(figure, palette, height=110 + 46 * len(known))
    figure.update_layout(clickmode="none", dragmode=False)
    figure.update_xaxes(
        title_text="Responses − control answers, percentage points of flagged answers "
        "(filled: p < .05)",
        fixedrange=True,
    )
    return figure.update_yaxes(
        tickvals=list(range(len(known))),
        ticktext=[escape(one.dataset) for one in known],
        range=[len(known) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )


def _points(one: DatasetProvenance) -> tuple[float, float, float]:
    """Difference and interval in percentage points; without an interval, both ends are equal."""
    value = one.difference or 0.0
    low = value if one.ci_low is None else one.ci_low
    high = value if one.ci_high is None else one.ci_high
    return 100 * value, 100 * low, 100 * high


def _stands_out(one: DatasetProvenance) -> bool:
    return one.p is not None and one.p < BEYOND_CHANCE
