"""The trace view's files as strings; scripts are joined in the order of dependence.

How text reaches the screen, and what the colours are, comes from the token view.
"""

from functools import cache
from pathlib import Path

from itlim.token_view.assets import mounted, shared_script
from itlim.token_view.palette import PALETTES, css_variables

ASSETS = Path(__file__).parent / "assets"
STRENGTH_MIX = (14, 22, 30, 38, 46)
"""Percent of its hue that a run's ground takes on, from the faintest strength to the strongest."""
_TRACE = ("cutting.js", "marked_text.js", "cards.js", "response_side.js", "trace_view.js")
_OVERVIEW = ("cutting.js", "marked_text.js", "overview.js")


@cache
def trace_markup() -> str:
    """The elements of the two-sided view."""
    return _read("trace_view.html")


@cache
def overview_markup() -> str:
    """The elements of the strip and the list."""
    return _read("overview.html")


@cache
def style_sheet() -> str:
    """Colours of both themes, then the rules that use them."""
    mixes = "\n".join(f"  --tr-mix-{n}: {mix}%;" for n, mix in enumerate(STRENGTH_MIX, start=1))
    return (
        f".trace {{\n{css_variables(PALETTES['light'])}\n{mixes}\n}}\n"
        f'.trace[data-theme="dark"] {{\n{css_variables(PALETTES["dark"])}\n}}\n'
        f"{_read('trace_view.css')}"
    )


@cache
def trace_script() -> str:
    """The two-sided view, `TraceView`, not yet mounted anywhere."""
    return _joined(_TRACE)


@cache
def overview_script() -> str:
    """The strip and the list, `TraceOverview`, not yet mounted anywhere."""
    return _joined(_OVERVIEW)


@cache
def streamlit_trace_script() -> str:
    """An ES module whose default export mounts the two-sided view in a Streamlit component."""
    return mounted(trace_script(), _read("mount_trace.js"))


@cache
def streamlit_overview_script() -> str:
    """An ES module whose default export mounts the strip and the list."""
    return mounted(overview_script(), _read("mount_overview.js"))


@cache
def document_script() -> str:
    """A classic script that mounts every trace of an exported file."""
    return f"(() => {{\n{trace_script()}\n{_read('mount_document.js')}}})();\n"


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join((shared_script(), *(_read(name) for name in names)))


def _read(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")
