"""One measure of plain tuning and of each remedy, with intervals and seeds (Figure 9)."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Theme
from itlim.findings.remedies import RemedyCell
from itlim.findings.remedy_answers import MEASURES

_ROW_HEIGHT = 34


def remedy_intervals(
    cells: Sequence[RemedyCell], reference: str, *, theme: Theme = "light"
) -> go.Figure:
    """One row per tuning: mean with its 95% interval, and the range of single seeds as a bar.

    Args:
        cells: of one measure, in order; undefined values are left out.
        reference: plain tuning, whose mean is a vertical line.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    known = [one for one in cells if one.value is not None]
    figure = go.Figure()
    values = [one.value or 0.0 for one in known]
    rows = list(range(len(known)))
    if any(one.n_seeds > 1 for one in known):
        ranges = [_ends(one, one.seed_low, one.seed_high) for one in known]
        figure.add_bar(
            name="range of single seeds",
            x=[high - low for low, high in ranges],
            base=[low for low, _ in ranges],
            y=rows,
            orientation="h",
            width=0.5,
            marker={"color": style.translucent(palette.layers[0]), "line": {"width": 0}},
            hoverinfo="skip",
        )
    figure.add_scatter(
        name="mean, 95% interval over questions",
        x=values,
        y=rows,
        mode="markers",
        marker={"size": 10, "color": palette.layers[0], "symbol": "circle"},
        error_x=style.whiskers(
            values, [_ends(one, one.ci_low, one.ci_high) for one in known], palette, width=4
        ),
        hovertext=[_hover(one) for one in known],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    plain = next((one.value for one in known if one.remedy == reference), None)
    if plain is not None:
        figure.add_vline(x=plain, line={"color": palette.muted, "dash": "dash", "width": 1.5})
    style.apply_layout(figure, palette, height=130 + _ROW_HEIGHT * max(len(known), 2))
    figure.update_layout(clickmode="none", dragmode=False)
    unit = MEASURES[known[0].measure].unit if known else ""
    figure.update_xaxes(title_text=unit, rangemode="tozero", fixedrange=True)
    return figure.update_yaxes(
        tickvals=rows,
        ticktext=[escape(one.remedy) for one in known],
        range=[len(known) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )


def _ends(one: RemedyCell, low: float | None, high: float | None) -> tuple[float, float]:
    value = one.value or 0.0
    return (value if low is None else low, value if high is None else high)


def _hover(one: RemedyCell) -> str:
    text = f"{escape(one.remedy)}: {one.value:.3g}"
    if one.ci_low is not None and one.ci_high is not None:
        text += f" [{one.ci_low:.3g}, {one.ci_high:.3g}]"
    text += f", n = {one.n} questions"
    if one.p_holm is not None and one.difference is not None:
        text += f"<br>difference {one.difference:+.3g}, adjusted p {one.p_holm:.2g}"
    return text
