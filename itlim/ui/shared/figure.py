"""Draw a plotly figure on a page."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st


def show_figure(figure: go.Figure, **options: Any) -> Any:
    """Draw a figure without plotly's mode bar, which covers legends and axis labels.

    A double click resets a zoomed figure.

    Args:
        figure: a figure of `itlim.charts`, which sets its own fonts and colors.
        options: further arguments of `st.plotly_chart`, such as `key`, `alt` or `on_select`.

    Returns:
        What `st.plotly_chart` returns: the selection if `on_select` is given.
    """
    return st.plotly_chart(figure, theme=None, config={"displayModeBar": False}, **options)
