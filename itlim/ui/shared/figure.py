"""Draw a plotly figure on a page."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from itlim.components.palette import PALETTES
from itlim.ui.shared.services import theme

IMAGE_FORMATS = ("svg", "png")
_GROUNDS = {"light": "#ffffff", "dark": "#171614"}
"""Backgrounds of Streamlit's own themes, which the app keeps."""


def show_figure(
    figure: go.Figure, *, save_as: tuple[str, str] | None = None, **options: Any
) -> Any:
    """Draw a figure, by default without plotly's mode bar, which covers legends and axis labels.

    A double click resets a zoomed figure.

    Args:
        figure: a figure of `itlim.charts`, which sets its own fonts and colors.
        save_as: file name without suffix, and format (`IMAGE_FORMATS`), of the image that a button
            saves; the button appears when the pointer is on the figure.
        options: further arguments of `st.plotly_chart`, such as `key`, `alt` or `on_select`.

    Returns:
        What `st.plotly_chart` returns: the selection if `on_select` is given.
    """
    config: dict[str, Any] = {"displayModeBar": False}
    if save_as is not None:
        name, image_format = save_as
        on_ground(figure).update_layout(
            modebar={"bgcolor": "rgba(0,0,0,0)", "color": PALETTES[theme()].muted}
        )
        config = {
            "displayModeBar": "hover",
            "displaylogo": False,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {
                "format": image_format,
                "filename": name,
                "scale": 2 if image_format == "png" else 1,
            },
        }
    return st.plotly_chart(figure, theme=None, config=config, **options)


def on_ground(figure: go.Figure) -> go.Figure:
    """The same figure on the background of the page.

    On a transparent background, the text of a dark theme could not be read elsewhere.
    """
    return figure.update_layout(paper_bgcolor=_GROUNDS[theme()])
