"""Findings of several pairs beside the paper's numbers, with intervals."""

from collections.abc import Sequence
from html import escape
from textwrap import wrap

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Theme
from itlim.components.shared.visible import visible_text
from itlim.findings.answers import marks_name
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import MovedToken
from itlim.schema import ShiftCategory

_LABEL_WIDTH = 38
"""Characters per line of a claim."""
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "star",
    "triangle-down",
    "pentagon",
    "hexagram",
)
"""A pair's marker, beside its color."""
_ROW_HEIGHT = 30
SHOWN_TOKENS = 25
"""Number of moved tokens in a figure."""


def finding_intervals(estimates: Sequence[Estimate], *, theme: Theme = "light") -> go.Figure:
    """One row per claim and one marker per pair, each with its 95% interval.

    The paper's number is a cross, so that neither color nor place alone tells it from a pair's.

    Args:
        estimates: claims of one unit, in order; undefined values are left out.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    known = [one for one in estimates if one.value is not None]
    # A pair keeps its color and symbol in figures in which another pair has no value.
    pairs = list(dict.fromkeys(one.pair for one in estimates))
    claims = list(dict.fromkeys(one.claim for one in known))
    rows = {claim: (len(pairs) + 1) * number for number, claim in enumerate(claims)}
    figure = go.Figure()
    for number, pair in enumerate(pairs):
        mine = [one for one in known if one.pair == pair]
        if not mine:
            continue
        values = [one.value or 0.0 for one in mine]
        figure.add_scatter(
            name=_series_name(mine),
            x=values,
            y=[rows[one.claim] + number for one in mine],
            mode="markers",
            marker={
                "size": 10,
                "color": palette.layers[number % len(palette.layers)],
                "symbol": SYMBOLS[number % len(SYMBOLS)],
            },
            error_x=style.whiskers(values, list(map(interval_ends, mine)), palette, width=4),
            hovertext=[estimate_hover(one) for one in mine],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    _add_paper(figure, known, rows, palette.text)
    lines = (len(pairs) + 1) * len(claims)
    style.apply_layout(
        figure, palette, height=120 + max(_ROW_HEIGHT * lines // 2, 60 * len(claims))
    )
    figure.update_layout(clickmode="none", dragmode=False)
    figure.update_xaxes(title_text=known[0].unit if known else "", fixedrange=True)
    return figure.update_yaxes(
        tickvals=[row + (len(pairs) - 1) / 2 for row in rows.values()],
        ticktext=["<br>".join(wrap(escape(claim), _LABEL_WIDTH)) for claim in claims],
        range=[lines - 0.5, -1],
        showgrid=False,
        fixedrange=True,
    )


def _add_paper(
    figure: go.Figure, known: Sequence[Estimate], rows: dict[str, int], color: str
) -> None:
    """The paper's number, once per claim and value."""
    reported = {(one.claim, one.paper_value): one for one in known if one.paper_value is not None}
    if not reported:
        return
    figure.add_scatter(
        name="paper",
        x=[value for _, value in reported],
        y=[rows[claim] - 0.5 for claim, _ in reported],
        mode="markers",
        marker={"size": 10, "symbol": "x-thin", "line": {"width": 2, "color": color}},
        hovertext=[
            f"Paper: {value:g} {escape(one.unit)}<br>{escape(one.paper_note)}"
            for (_, value), one in reported.items()
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _series_name(mine: Sequence[Estimate]) -> str:
    """The pair, and where its marked phrases come from if these claims use any."""
    marks = "".join(f", marks: {marks_name(one.marks)}" for one in mine[:1] if one.marks)
    return escape(mine[0].pair) + marks


def interval_ends(one: Estimate) -> tuple[float, float]:
    """The interval; the value twice where there is none."""
    value = one.value or 0.0
    return (
        value if one.ci_low is None else one.ci_low,
        value if one.ci_high is None else one.ci_high,
    )


def estimate_hover(one: Estimate) -> str:
    """Value, interval and n as the text of a hover box."""
    interval = (
        "no interval"
        if one.ci_low is None or one.ci_high is None
        else f"95% interval {one.ci_low:.3g} to {one.ci_high:.3g}"
    )
    return (
        f"{escape(one.pair)}: {one.value:.3g} {escape(one.unit)}<br>{interval}<br>"
        f"n = {one.n:,} {escape(one.of)} in {one.n_responses:,} responses"
    )


def moved_token_bars(
    moved: Sequence[MovedToken], *, theme: Theme = "light", top: int = SHOWN_TOKENS
) -> go.Figure:
    """How often the most frequent moved tokens are shifted and marginal (Fig. 12).

    Style words (function words and punctuation) have a hatched bar.

    Args:
        moved: most frequent first, from `imitation.moved_tokens`.
        theme: light or dark.
        top: number of tokens to draw.
    """
    palette = PALETTES[theme]
    shown = list(moved[:top])
    figure = go.Figure()
    for category, counts in (
        (ShiftCategory.SHIFTED, [one.n_shifted for one in shown]),
        (ShiftCategory.MARGINAL, [one.n_marginal for one in shown]),
    ):
        figure.add_bar(
            name=str(category),
            x=counts,
            y=list(range(len(shown))),
            orientation="h",
            marker={
                "color": palette.categories[category].line,
                "pattern": {"shape": ["/" if one.is_style else "" for one in shown]},
            },
            hovertext=[
                f"{escape(visible_text(one.text))}: {one.n_shifted:,} shifted, "
                f"{one.n_marginal:,} marginal, {one.n_unshifted:,} unshifted"
                for one in shown
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    style.apply_layout(figure, palette, height=110 + 20 * len(shown))
    figure.update_layout(barmode="stack", clickmode="none", dragmode=False)
    figure.update_xaxes(title_text="tokens (hatched: function words, punctuation)", fixedrange=True)
    return figure.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[escape(visible_text(one.text)) for one in shown],
        range=[len(shown) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )
