"""The files of the trace view and of the overview as strings."""

from functools import cache

from itlim.components.palette import PALETTES, css_variables
from itlim.components.shared.assets import assets_of

ASSETS = assets_of(__file__)
STRENGTH_MIX = (14, 22, 30, 38, 46)
"""Percent of its hue that a run's ground takes on, from the faintest strength to the strongest."""
_TRACE = ("cutting.js", "marked_text.js", "cards.js", "response_side.js", "trace_view.js")
_OVERVIEW = ("cutting.js", "marked_text.js", "overview.js")


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
    """Colours of both themes, then the rules that use them."""
    mixes = "\n".join(f"  --tr-mix-{n}: {mix}%;" for n, mix in enumerate(STRENGTH_MIX, start=1))
    return (
        f".trace {{\n{css_variables(PALETTES['light'])}\n{mixes}\n}}\n"
        f'.trace[data-theme="dark"] {{\n{css_variables(PALETTES["dark"])}\n}}\n'
        f"{ASSETS.text('trace_view.css')}"
    )


@cache
def trace_script() -> str:
    """The two-sided view, `TraceView`, not yet mounted anywhere."""
    return ASSETS.script(*_TRACE)


@cache
def overview_script() -> str:
    """The strip and the list, `TraceOverview`, not yet mounted anywhere."""
    return ASSETS.script(*_OVERVIEW)


@cache
def streamlit_trace_script() -> str:
    """An ES module whose default export mounts the two-sided view in a Streamlit component."""
    return ASSETS.component(trace_script(), "mount_trace.js")


@cache
def streamlit_overview_script() -> str:
    """An ES module whose default export mounts the strip and the list."""
    return ASSETS.component(overview_script(), "mount_overview.js")


@cache
def document_script() -> str:
    """A classic script that mounts every trace of an exported file."""
    return ASSETS.document(trace_script(), "mount_document.js")
