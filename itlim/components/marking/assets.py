"""The files of the mark view as strings.

Labels use the cool colors of the
palette, because warm colors mean shift; from the fifth label on, the colors repeat, dashed.
"""

from functools import cache

from itlim.components.palette import PALETTES, Theme, css_variables
from itlim.components.shared.assets import assets_of

ASSETS = assets_of(__file__)
LABEL_LAYERS = (2, 0, 1, 3)
"""Palette layers of the labels, in order."""
ALERTS: dict[Theme, dict[str, str]] = {
    "light": {"ground": "#fdeceb", "ink": "#7d1510", "line": "#c4281c", "good": "#00705a"},
    "dark": {"ground": "#3d1513", "ink": "#ffdad6", "line": "#ff8178", "good": "#5fd6b2"},
}
"""Colors of errors and of a successful save."""


@cache
def markup() -> str:
    """The HTML elements that the script fills."""
    return ASSETS.text("mark_view.html")


@cache
def style_sheet() -> str:
    """Colors of both themes and the rules that use them."""
    return (
        f".mv {{\n{_colours('light')}\n}}\n"
        f'.mv[data-theme="dark"] {{\n{_colours("dark")}\n}}\n'
        f"{ASSETS.style_sheet('mark_view.css')}"
    )


@cache
def view_script() -> str:
    """The view class `MarkView`, not mounted."""
    return ASSETS.script("editing.js")


@cache
def streamlit_script() -> str:
    """An ES module whose default export mounts the view in a Streamlit component."""
    return ASSETS.script("mount_marks.js")


def _colours(theme: Theme) -> str:
    palette = PALETTES[theme]
    labels = [
        f"  --mv-label-{number}: {palette.layers[layer]};"
        for number, layer in enumerate(LABEL_LAYERS)
    ]
    alerts = [f"  --mv-alert-{name}: {value};" for name, value in ALERTS[theme].items()]
    return "\n".join((css_variables(palette), *labels, *alerts))
