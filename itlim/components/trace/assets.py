"""The assets of the trace view and of the overview, as strings."""

from functools import cache

from itlim.components.palette import PALETTES, css_variables
from itlim.components.shared.assets import assets_of

ASSETS = assets_of(__file__)
STRENGTH_MIX = (14, 22, 30, 38, 46)
"""Percent of the hue in a run's background color, from the weakest strength to the strongest."""


@cache
def trace_markup() -> str:
    """The elements of the two-sided view."""
    return ASSETS.text("trace_view.html")


@cache
def overview_markup() -> str:
    """The elements of the strip and the list."""
    return ASSETS.text("overview.html")


@cache
def style_sheet() -> str:
    """Colors of both themes, then the rules that use them."""
    mixes = "\n".join(f"  --tr-mix-{n}: {mix}%;" for n, mix in enumerate(STRENGTH_MIX, start=1))
    return (
        f".trace {{\n{css_variables(PALETTES['light'])}\n{mixes}\n}}\n"
        f'.trace[data-theme="dark"] {{\n{css_variables(PALETTES["dark"])}\n}}\n'
        f"{ASSETS.style_sheet('trace_view.css')}"
    )


@cache
def streamlit_trace_script() -> str:
    """An ES module whose default export mounts the two-sided view in a Streamlit component."""
    return ASSETS.script("mount_trace.js")


@cache
def streamlit_overview_script() -> str:
    """An ES module whose default export mounts the strip and the list."""
    return ASSETS.script("mount_overview.js")


@cache
def document_script() -> str:
    """A classic script that mounts every trace of an exported file."""
    return ASSETS.document("mount_document.js")
