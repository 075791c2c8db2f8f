"""The files of the tour as strings."""

from functools import cache

from itlim.components.palette import PALETTES, css_variables
from itlim.components.shared.assets import assets_of

ASSETS = assets_of(__file__)


@cache
def markup() -> str:
    """The elements that the script fills."""
    return ASSETS.text("tour.html")


@cache
def style_sheet() -> str:
    """Colors of both themes, then the rules that use them."""
    return (
        f".tour {{\n{css_variables(PALETTES['light'])}\n}}\n"
        f'.tour[data-theme="dark"] {{\n{css_variables(PALETTES["dark"])}\n}}\n'
        f"{ASSETS.style_sheet('tour.css')}"
    )


@cache
def streamlit_script() -> str:
    """An ES module whose default export mounts the tour in a Streamlit component."""
    return ASSETS.script("mount_streamlit.js")


@cache
def document_script() -> str:
    """A classic script that mounts the tour in an exported file."""
    return ASSETS.document("mount_document.js")
