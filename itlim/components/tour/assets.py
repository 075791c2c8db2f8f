"""The files of the tour as strings."""

from functools import cache

from itlim.components.palette import theme_css
from itlim.components.shared.assets import assets_of

ASSETS = assets_of(__file__)


@cache
def markup() -> str:
    """The elements that the script fills."""
    return ASSETS.text("tour.html")


@cache
def style_sheet() -> str:
    """Colors of both themes, then the rules that use them."""
    return theme_css("tour") + ASSETS.style_sheet("tour.css")


@cache
def streamlit_script() -> str:
    """An ES module whose default export mounts the tour in a Streamlit component."""
    return ASSETS.script("mount_streamlit.js")


@cache
def document_script() -> str:
    """A classic script that mounts the tour in an exported file."""
    return ASSETS.document("mount_document.js")
