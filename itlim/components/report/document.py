"""Figures, tables and their explanations as one HTML file without server or network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from itlim.components.palette import Theme
from itlim.components.shared.assets import assets_of
from itlim.components.tokens.html_page import html_page, json_for_script, page_colors
from itlim.text.html import html_text

ASSETS = assets_of(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFigure:
    """A plotly figure in both themes."""

    name: str
    """File name of a saved image, without suffix."""
    alt: str
    """What the figure shows, for people who cannot see it."""
    by_theme: Mapping[Theme, Mapping[str, Any]]
    """`data` and `layout` of plotly by theme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetail:
    """How a number is computed."""

    title: str
    text: str
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSection:
    """A title with figures, a table, and folded explanations."""

    title: str
    figures: Sequence[ReportFigure] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = field(default=())
    """Cells by row; None is an empty cell."""
    details: Sequence[ReportDetail] = ()


def report_document(
    title: str,
    intro: Sequence[str],
    sections: Sequence[ReportSection],
    *,
    version: str,
    plotly: str,
) -> str:
    """Write a report as a self-contained HTML page in the reader's theme.

    Args:
        title: plain text.
        intro: paragraphs of plain text.
        sections: in order.
        version: version of itlim.
        plotly: source of plotly.js.

    Returns:
        The HTML document; it must be encoded as UTF-8.
    """
    figures = [figure for section in sections for figure in section.figures]
    numbers = iter(range(len(figures)))
    data = [{"name": one.name, **one.by_theme} for one in figures]
    body = f"""<main>
<h1>{html_text(title)}</h1>
{"".join(f"<p>{html_text(text)}</p>" for text in intro)}
{"".join(_section(section, numbers) for section in sections)}
<footer>Made by itlim {html_text(version)}. The buttons on a figure save it as SVG or PNG.</footer>
</main>
<script type="application/json" id="report-figures">{json_for_script(data)}</script>"""
    return html_page(
        body,
        title=title,
        version=version,
        style=page_colors() + ASSETS.text("report.css"),
        scripts=[plotly, ASSETS.document("report.js")],
        draws_figures=True,
    )


def _section(section: ReportSection, numbers: Any) -> str:
    figures = "".join(
        f'<div class="figure" role="img" aria-label="{html_text(one.alt)}" '
        f'data-figure="{next(numbers)}"></div>'
        for one in section.figures
    )
    return (
        f"<section><h2>{html_text(section.title)}</h2>{figures}{_table(section)}"
        f"{_details(section.details)}</section>"
    )


def _table(section: ReportSection) -> str:
    if not section.rows:
        return ""
    head = "".join(f"<th>{html_text(name)}</th>" for name in section.header)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in section.rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else html_text(value)


def _details(details: Sequence[ReportDetail]) -> str:
    if not details:
        return ""
    parts = "".join(
        f"<dt>{html_text(one.title)}</dt><dd>{html_text(one.text)}"
        + (f"<pre>{html_text(one.query)}</pre>" if one.query else "")
        + "</dd>"
        for one in details
    )
    return f"<details><summary>How it is computed</summary><dl>{parts}</dl></details>"
