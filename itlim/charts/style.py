"""Style shared by all figures: palette, fonts, axes, and labels of color steps."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc

from itlim.components.palette import Palette
from itlim.components.shared.visible import visible_text
from itlim.measures import Measure

PATTERNS = ("", "/", ".", "x")
DASHES = ("solid", "dash", "dot", "dashdot")
SHADE = "rgba(128, 128, 128, 0.10)"
"""A neutral tint for light and dark backgrounds."""
_FONT = '"Source Sans", "Source Sans Pro", system-ui, -apple-system, "Segoe UI", sans-serif'


def token_values(tokens: pa.Table, column: str, include_end: bool) -> np.ndarray:
    """The values of a column, with or without the end-of-sequence token."""
    kept = tokens if include_end else tokens.filter(pc.invert(tokens["is_eos"]))
    return kept[column].to_numpy()


def hover_texts(tokens: pa.Table) -> list[str]:
    """Token texts with visible whitespace, escaped because plotly reads hover texts as HTML."""
    ends = tokens["is_eos"].to_pylist()
    return [
        "end of the response" if end else escape(visible_text(text))
        for text, end in zip(tokens["text"].to_pylist(), ends, strict=True)
    ]


def step_labels(metric: Measure) -> list[str]:
    """The range of each color step, palest first."""
    if metric.unit.startswith("rank"):
        starts = [1, *(int(edge) + 1 for edge in metric.edges)]
        stops = [int(edge) for edge in metric.edges]
        inner = [
            f"{a:,}" if a == b else f"{a:,}–{b:,}" for a, b in zip(starts, stops, strict=False)
        ]
        return [*inner, f"> {stops[-1]:,}"]
    percent = metric.unit == "probability"
    edges = [f"{100 * edge:g}%" if percent else f"{edge:g}" for edge in metric.edges]
    inner = [f"{low}–{high}" for low, high in pairwise(edges)]
    if metric.inverted:
        return [f"≥ {edges[-1]}", *reversed(inner), f"< {edges[0]}"]
    return [f"≤ {edges[0]}", *inner, f"> {edges[-1]}"]


def series_marker(palette: Palette, number: int) -> dict[str, Any]:
    """Color and pattern of a run's bars; the cool colors differ from those of the categories."""
    return {"color": palette.layers[number % 4], "pattern": {"shape": PATTERNS[number % 4]}}


def translucent(color: str, alpha: float = 0.22) -> str:
    """A #rrggbb color with an opacity low enough for dots or whiskers to be visible on it."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def n_of_single_run(runs: Mapping[str, pa.Table], include_end: bool) -> str:
    """The n of a single run, for the axis title; empty for several runs, which have a legend."""
    if len(runs) != 1:
        return ""
    (tokens,) = runs.values()
    return f", n = {len(token_values(tokens, 'base_rank', include_end))}"


def whiskers(
    values: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    palette: Palette,
    *,
    width: int = 5,
) -> dict[str, Any]:
    """Error bars of plotly from values and the ends of their intervals.

    Args:
        values: (k,) what the markers or bars show.
        intervals: (k,) lower and upper end; both equal the value where there is no interval.
        palette: of the theme.
        width: pixels of the caps.
    """
    pairs = list(zip(values, intervals, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, (_, high) in pairs],
        "arrayminus": [value - low for value, (low, _) in pairs],
        "color": palette.text,
        "thickness": 1.5,
        "width": width,
    }


def unit_suffix(metric: Measure) -> str:
    """The unit to write after a number; empty for ranks and probabilities."""
    return metric.unit if metric.unit == "nats" else ""


def number_axis(metric: Measure) -> dict[str, Any]:
    """Axis settings: logarithmic for divergences (nats) and ranks, linear for probabilities."""
    if metric.unit == "nats":
        return {"type": "log", "dtick": 1, "exponentformat": "power"}
    return {"type": "log", "dtick": 1} if metric.log_axis else {"tickformat": ".0%"}


def apply_layout(figure: go.Figure, palette: Palette, *, height: int) -> None:
    """Set fonts, background, grid and legend of a figure."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 64, "r": 12, "t": 34, "b": 52},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 13, "color": palette.text},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        hoverlabel={
            "bgcolor": palette.background,
            "bordercolor": palette.border,
            "font": {"color": palette.text, "family": _FONT},
        },
        clickmode="event+select",
        dragmode="zoom",
    )
    axis = {
        "gridcolor": palette.border,
        "griddash": "dot",
        "linecolor": palette.border,
        "zeroline": False,
        "automargin": True,
        "title_font": {"color": palette.muted, "size": 12.5},
        "title_standoff": 10,
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
