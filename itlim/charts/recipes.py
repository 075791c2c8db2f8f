"""A finding against kind of tuning, number of instances, model size or LoRA rank."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from itlim.charts import style
from itlim.charts.findings import SYMBOLS, estimate_hover, interval_ends
from itlim.components.palette import PALETTES, Theme
from itlim.findings.estimates import Estimate
from itlim.findings.paper import Rating

_MIN_TICK_RATIO = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipePoint:
    """One pair's estimate at its place on the axis."""

    group: str
    """Pairs that differ only in the axis; one line connects them."""
    kind: str
    """Kind of tuning, which has the color; the other differences have marker and dash."""
    at: float | str
    """Number of instances, parameters or rank, or the kind of tuning."""
    estimate: Estimate


def recipe_figure(
    points: Sequence[RecipePoint],
    *,
    axis_title: str,
    kinds: Sequence[str] = (),
    theme: Theme = "light",
) -> go.Figure:
    """One line per group, or one column per kind; kinds without a pair are named as such.

    Args:
        points: with a defined value.
        axis_title: what the axis shows.
        kinds: all kinds, if the axis shows kinds; numbers have a logarithmic axis.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    figure = go.Figure()
    groups = list(dict.fromkeys(one.group for one in points))
    columns = {kind: place for place, kind in enumerate(kinds)}
    looks = _looks(points, groups, by_kind=not kinds)
    for number, group in enumerate(groups):
        mine = [one for one in points if one.group == group]
        if not kinds:
            mine.sort(key=lambda one: float(one.at))
        estimates = [one.estimate for one in mine]
        values = [one.value or 0.0 for one in estimates]
        shift = 0.5 * ((number + 0.5) / len(groups) - 0.5)
        place, look = looks[number]
        color = palette.layers[place % len(palette.layers)]
        figure.add_scatter(
            name=escape(group),
            x=[columns[str(one.at)] + shift if kinds else float(one.at) for one in mine],
            y=values,
            mode="markers" if kinds else "lines+markers",
            line={"color": color, "width": 2, "dash": style.DASHES[look % len(style.DASHES)]},
            marker={"size": 10, "color": color, "symbol": SYMBOLS[look % len(SYMBOLS)]},
            error_y=style.whiskers(values, list(map(interval_ends, estimates)), palette, width=4),
            hovertext=list(map(estimate_hover, estimates)),
            hovertemplate="%{hovertext}<extra></extra>",
        )
    # On a phone, each entry of the legend takes a line.
    style.apply_layout(figure, palette, height=320 + 18 * len(groups))
    figure.update_layout(clickmode="none", dragmode=False)
    unit = points[0].estimate.unit if points else ""
    figure.update_yaxes(title_text=escape(unit), rangemode="tozero", fixedrange=True)
    figure.update_xaxes(title_text=axis_title, fixedrange=True)
    return _kind_axis(figure, points, columns) if kinds else _number_axis(figure, points)


def _looks(
    points: Sequence[RecipePoint], groups: Sequence[str], *, by_kind: bool
) -> list[tuple[int, int]]:
    """Places in the lists of colors and markers; the second group of a kind keeps its color."""
    if not by_kind:
        return [(number, number) for number in range(len(groups))]
    kind_of = {one.group: one.kind for one in points}
    kinds = sorted(set(kind_of.values()))
    before: Counter[str] = Counter()
    looks = []
    for group in groups:
        kind = kind_of[group]
        looks.append((kinds.index(kind), before[kind]))
        before[kind] += 1
    return looks


def _number_axis(figure: go.Figure, points: Sequence[RecipePoint]) -> go.Figure:
    ticks = _spaced({float(one.at) for one in points})
    return figure.update_xaxes(
        type="log", tickvals=ticks, ticktext=list(map(short_count, ticks)), tickangle=0
    )


def _kind_axis(
    figure: go.Figure, points: Sequence[RecipePoint], columns: Mapping[str, int]
) -> go.Figure:
    present = {str(one.at) for one in points}
    return figure.update_xaxes(
        tickvals=list(columns.values()),
        ticktext=[kind if kind in present else f"{kind}<br>(no pair)" for kind in columns],
        range=[-0.5, len(columns) - 0.5],
    )


def _spaced(places: set[float]) -> list[float]:
    """The places whose labels do not cover that of the place before on a logarithmic axis."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place / kept[-1] >= _MIN_TICK_RATIO:
            kept.append(place)
    return kept


def short_count(number: float) -> str:
    """A count with at most three digits and a unit.

    >>> [short_count(n) for n in (8, 405, 52_000, 1_066_112, 134_515_008, 7e9)]
    ['8', '405', '52k', '1.07M', '135M', '7B']
    """
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def rating_lines(ratings: Sequence[Rating], *, theme: Theme = "light") -> go.Figure:
    """The paper's mean rating by number of instances, one line per recipe.

    A recipe is a model, a kind of tuning and a dataset, which is named if there are several.

    Args:
        ratings: of one aspect and one test set; missing cells are left out.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    known = [one for one in ratings if one.value is not None]
    figure = go.Figure()
    groups = list(dict.fromkeys((one.model, one.tuning, one.dataset) for one in known))
    has_several = len({dataset for _, _, dataset in groups}) > 1
    for number, (model, tuning, dataset) in enumerate(groups):
        mine = sorted(
            (one for one in known if (one.model, one.tuning, one.dataset) == groups[number]),
            key=lambda one: one.instances,
        )
        color = palette.layers[number % len(palette.layers)]
        figure.add_scatter(
            name=escape(f"{model} {tuning}" + (f", {dataset}" if has_several else "")),
            x=[one.instances for one in mine],
            y=[one.value for one in mine],
            mode="lines+markers",
            line={"color": color, "width": 2, "dash": style.DASHES[number % len(style.DASHES)]},
            marker={"size": 9, "color": color, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            hovertemplate="%{y} of 5<br>%{x:,} instances<extra>%{fullData.name}</extra>",
        )
    ticks = _spaced({float(one.instances) for one in known})
    style.apply_layout(figure, palette, height=320 + 10 * len(groups))
    figure.update_layout(clickmode="none", dragmode=False)
    figure.update_xaxes(
        type="log",
        title_text="tuning instances",
        tickvals=ticks,
        ticktext=list(map(short_count, ticks)),
        fixedrange=True,
    )
    return figure.update_yaxes(title_text="rating, 1 to 5", range=[1, 5], fixedrange=True)
