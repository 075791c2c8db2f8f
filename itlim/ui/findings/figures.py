"""Figures of the Findings page, which can be saved as SVG, PNG or HTML."""

import json
from functools import partial
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.offline import get_plotlyjs

from itlim import __version__
from itlim.components.palette import THEMES
from itlim.components.report import ReportFigure, ReportSection, report_document
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.figure import IMAGE_FORMATS, on_ground, show_figure

_FORMAT = "figures"
_HTML = "html"
_FORMATS = (*IMAGE_FORMATS, _HTML)


def saved_figure(figure: go.Figure, *, key: str, alt: str) -> Any:
    """Draw a figure with a button that saves it in the chosen format."""
    name, chosen = f"itlim-{key}", chosen_format()
    if chosen != _HTML:
        return show_figure(figure, save_as=(name, chosen), key=key, alt=alt)
    shown = show_figure(on_ground(figure), key=key, alt=alt)
    content = partial(figure_document, figure, name=name, alt=alt)
    export_buttons(
        [Format("Save as HTML", _HTML, "text/html", content)], stem=name, key=f"save-{key}"
    )
    return shown


def figure_document(figure: go.Figure, *, name: str, alt: str) -> str:
    """A figure as one HTML file, in the theme in which it was drawn.

    Args:
        figure: with its background.
        name: file name, without suffix, of an image that is saved from the file.
        alt: what the figure shows, for people who cannot see it.
    """
    drawn = json.loads(figure.to_json())
    shown = ReportFigure(name=name, alt=alt, by_theme=dict.fromkeys(THEMES, drawn))
    # Without the page, there is no table to refer to.
    title = alt.partition(";")[0].strip()
    section = ReportSection(title=title, figures=[shown])
    return report_document(title, [], [section], version=__version__, plotly=get_plotlyjs())


def chosen_format() -> str:
    """The format in the address; SVG if it names none."""
    # The address has the label, which is in upper case; the choice is drawn below the figures.
    named = str(st.session_state.get(_FORMAT) or st.query_params.get(_FORMAT) or "").lower()
    return named if named in _FORMATS else _FORMATS[0]


def choose_format() -> None:
    """Draw the choice of the format in which figures are saved."""
    st.segmented_control(
        "Figures are saved as",
        _FORMATS,
        default=_FORMATS[0],
        format_func=str.upper,
        required=True,
        key=_FORMAT,
        bind="query-params",
        help="The button that saves a figure is in its upper right corner; for HTML, below it.",
    )
