"""Compare runs with one another, and the beginnings of sentences with the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from itlim.charts import style
from itlim.components.palette import PALETTES, Palette, Theme
from itlim.components.tokens.metrics import metric_for
from itlim.measures import DEFAULT_MEASURE
from itlim.records import Thresholds
from itlim.schema import ShiftCategory
from itlim.shift.counts import category_counts
from itlim.text.messages import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAgainstRest:
    """Means of a metric over the first 5% of each sentence's tokens and over the rest."""

    label: str
    """Name of the group, such as the name of the pair."""
    head: Sequence[float]
    """One mean per sentence."""
    rest: Sequence[float]
    """One mean per sentence with a rest; one-token sentences have none."""
    responses: int = 1
    head_interval: tuple[float, float] | None = None
    """95% interval of the mean over responses; None for a single response."""
    rest_interval: tuple[float, float] | None = None


def head_against_rest(
    groups: Sequence[HeadAgainstRest],
    *,
    metric: str = DEFAULT_MEASURE,
    theme: Theme = "light",
) -> go.Figure:
    """The first 5% of each sentence compared with the rest (paper, Fig. 4).

    Dots are sentences, bars are means over sentences, whiskers are intervals over responses.
    """
    chosen, palette = metric_for(metric), PALETTES[theme]
    figure = go.Figure()
    parts = (("first 5%", "head", palette.tuned, ""), ("rest", "rest", palette.base, "/"))
    for title, part, color, pattern in parts:
        values = [np.asarray(getattr(group, part), dtype=float) for group in groups]
        labels = [f"{escape(group.label)}<br>{title}" for group in groups]
        ticks = [f"{label}, n = {len(v)}" for label, v in zip(labels, values, strict=True)]
        means = [float(v.mean()) if len(v) else None for v in values]
        intervals = [getattr(group, f"{part}_interval") for group in groups]
        figure.add_bar(
            x=ticks,
            y=means,
            name=f"{title} of a sentence",
            marker={"color": style.translucent(color), "line": {"color": color, "width": 1.5}}
            | {"pattern": {"shape": pattern, "fgcolor": color, "size": 6, "solidity": 0.15}},
            error_y=_whiskers(means, intervals, palette),
            hovertemplate="%{x}<br>mean %{y:.3~g}<extra></extra>",
        )
        for tick, sentence_values in zip(ticks, values, strict=True):
            figure.add_box(
                x=[tick] * len(sentence_values),
                y=sentence_values,
                boxpoints="all",
                pointpos=0,
                jitter=0.5,
                fillcolor="rgba(0,0,0,0)",
                line={"color": "rgba(0,0,0,0)"},
                marker={"color": color, "size": 4, "opacity": 0.75},
                showlegend=False,
                hovertemplate="one sentence: %{y:.3~g}<extra></extra>",
            )
    style.apply_layout(figure, palette, height=320)
    figure.update_layout(bargap=0.35, barmode="overlay")
    responses = sum(group.responses for group in groups)
    order = [f"{escape(g.label)}<br>{title}, n = {len(getattr(g, part))}"
             for g in groups for title, part, *_ in parts]  # fmt: skip
    figure.update_xaxes(
        title=f"Sentences (n per bar) of {plural(responses, 'response')}",
        categoryorder="array",
        categoryarray=order,
        showgrid=False,
    )
    return figure.update_yaxes(title=f"Mean {chosen.axis_title}", rangemode="tozero")


def category_shares(
    runs: Mapping[str, pa.Table],
    *,
    thresholds: Thresholds | None = None,
    include_end: bool = False,
    theme: Theme = "light",
) -> go.Figure:
    """Shares of the three shift categories: one stacked bar per run, with counts and n."""
    palette = PALETTES[theme]
    counts = {
        name: category_counts(tokens, thresholds, include_end=include_end)
        for name, tokens in runs.items()
    }
    labels = [f"{escape(name)}, n = {count.n}" for name, count in counts.items()]
    figure = go.Figure()
    for category in ShiftCategory:
        look = palette.categories[category]
        plain = category is ShiftCategory.UNSHIFTED
        shares = [count.share(category) for count in counts.values()]
        figure.add_bar(
            y=labels,
            x=shares,
            name=str(category),
            orientation="h",
            text=["" if not s or s < 0.04 else f"{s:.0%}" for s in shares],
            textposition="inside",
            insidetextanchor="middle",
            textfont={"color": look.ink},
            marker={"color": style.SHADE if plain else look.fill}
            | {"line": {"color": look.line, "width": 1}},
            customdata=[count.counts[category] for count in counts.values()],
            hovertemplate=f"{category}: %{{customdata}}, %{{x:.1%}}<extra>%{{y}}</extra>",
        )
    style.apply_layout(figure, palette, height=110 + 44 * len(runs))
    figure.update_layout(barmode="stack", bargap=0.3, legend_traceorder="normal")
    counted = "counted" if include_end else "not counted"
    figure.update_xaxes(
        title=f"Share of tokens<br>(end token {counted})",
        tickformat=".0%",
        range=[0, 1.001],
        showgrid=False,
    )
    return figure.update_yaxes(autorange="reversed", showgrid=False)


def _whiskers(
    means: Sequence[float | None],
    intervals: Sequence[tuple[float, float] | None],
    palette: Palette,
) -> dict[str, Any] | None:
    if not any(intervals):
        return None
    pairs = list(zip(means, intervals, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [0 if m is None or not i else i[1] - m for m, i in pairs],
        "arrayminus": [0 if m is None or not i else m - i[0] for m, i in pairs],
        "color": palette.text,
        "thickness": 1.5,
    }
