"""The findings as one HTML file: the figures, tables and explanations of the page's pairs.

What a part of the page draws beyond these is added by `report_parts` while the part is on screen.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from itlim import __version__
from itlim.charts.curves import finding_curves
from itlim.charts.findings import finding_intervals, moved_token_bars
from itlim.components.palette import THEMES, Theme
from itlim.components.report import ReportDetail, ReportFigure, ReportSection, report_document
from itlim.findings.answers import marks_name
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import MovedToken
from itlim.ui.findings.sections import CURVES, PLOTTED, SECTIONS

_HEADER = ("claim", "pair", "value", "low", "high", "unit", "paper", "n", "responses", "marks")
_INTRO = (
    "The claims of “A Closer Look at the Limitations of Instruction Tuning” (arXiv 2402.05119), "
    "recomputed on stored answers. Intervals (low, high) are 95% bootstrap intervals over "
    "responses; responses to one instruction are drawn together. Those of 0% and 100% are "
    "Wilson's, over instructions. A number that cannot be computed is empty, and its n says why."
)


def findings_report(
    found: Sequence[Estimate],
    moved: Mapping[str, Sequence[MovedToken]],
    notes: Sequence[str],
    further: Sequence[ReportSection] = (),
) -> str:
    """Write the findings of the page's pairs as a self-contained HTML page.

    Args:
        found: all numbers of the page.
        moved: tokens that tuning moved most often, by pair.
        notes: what the shipped families can and cannot show.
        further: sections of the part that is on screen.
    """
    sections = [
        finding_section(title, [one for name in ids for one in found if one.finding_id == name])
        for parts in SECTIONS.values()
        for title, ids in parts.items()
    ]
    for curves in CURVES.values():
        for title, series in curves.items():
            for name, axis_title in series.items():
                points = [one for one in found if one.series == name]
                sections.append(_curve(f"{title} By {axis_title}", points, axis_title))
    sections += [_moved(name, tokens) for name, tokens in moved.items() if tokens]
    listed = {id for parts in SECTIONS.values() for ids in parts.values() for id in ids}
    others = [one for one in found if one.finding_id not in listed and not one.series]
    if others:
        sections.append(finding_section("Further numbers", others))
    pairs = ", ".join(dict.fromkeys(one.pair for one in found))
    return report_document(
        f"Findings about {pairs}",
        [_INTRO, *notes],
        [one for one in (*further, *sections) if one.rows or one.figures],
        version=__version__,
        plotly=get_plotlyjs(),
    )


def finding_section(title: str, mine: Sequence[Estimate]) -> ReportSection:
    """Numbers with a figure per unit, a table, and how each is computed."""
    figures = []
    for unit in PLOTTED:
        plotted = [one for one in mine if one.unit == unit and one.value is not None]
        if plotted:
            figures.append(report_figure(title, unit, partial(_intervals, plotted)))
    return ReportSection(
        title=title,
        figures=figures,
        header=_HEADER,
        rows=list(map(_row, mine)),
        details=_details(mine),
    )


def _intervals(plotted: Sequence[Estimate], theme: Theme) -> go.Figure:
    return finding_intervals(plotted, theme=theme)


def _curve(title: str, points: Sequence[Estimate], axis_title: str) -> ReportSection:
    figure = report_figure(
        title, "nats", lambda theme: finding_curves(points, axis_title=axis_title, theme=theme)
    )
    return ReportSection(
        title=title,
        figures=[figure] if any(one.value is not None for one in points) else [],
        header=_HEADER,
        rows=list(map(_row, points)),
        details=_details(points[:1]),
    )


def _moved(name: str, tokens: Sequence[MovedToken]) -> ReportSection:
    title = f"Tokens that tuning moved most often: {name}"
    return ReportSection(
        title=title,
        figures=[
            report_figure(title, "tokens", lambda theme: moved_token_bars(tokens, theme=theme))
        ],
        header=("token", "shifted", "marginal", "unshifted", "kind"),
        rows=[
            (one.text, one.n_shifted, one.n_marginal, one.n_unshifted,
             "style" if one.is_style else "content")
            for one in tokens
        ],
    )  # fmt: skip


def report_figure(title: str, unit: str, draw: Callable[[Theme], go.Figure]) -> ReportFigure:
    """A figure in both themes."""
    return ReportFigure(
        name=f"itlim-{_slug(title)}-{unit}",
        alt=f"{title} In {unit}; the table has the numbers.",
        by_theme={theme: json.loads(draw(theme).to_json()) for theme in THEMES},
    )


def _slug(text: str) -> str:
    words = "".join(one if one.isalnum() else " " for one in text.lower()).split()
    return "-".join(words)[:60]


def _row(one: Estimate) -> tuple[object, ...]:
    return (
        one.claim,
        one.pair,
        one.value,
        one.ci_low,
        one.ci_high,
        one.unit,
        one.paper_value,
        f"{one.n:,} {one.of}" if one.n else one.missing,
        one.n_responses,
        marks_name(one.marks),
    )


def _details(mine: Sequence[Estimate]) -> list[ReportDetail]:
    """One explanation per claim; the query is that of the first pair."""
    first = {one.finding_id: one for one in reversed(mine)}
    return [
        ReportDetail(
            title=one.claim,
            text=one.computed
            + (f" The paper's number: {one.paper_note}." if one.paper_note else ""),
            query=one.query,
        )
        for one in reversed(first.values())
    ]
