"""The files of the token view as strings: one script, one style sheet, one piece of markup."""

from functools import cache

from itlim.components.palette import theme_css
from itlim.components.shared.assets import assets_of

ASSETS = assets_of(__file__)


@cache
def markup() -> str:
    """The HTML elements that the script fills."""
    return ASSETS.text("token_view.html")


@cache
def style_sheet() -> str:
    """The colors of both themes, then the rules that use them."""
    return theme_css("tv") + ASSETS.style_sheet("token_view.css")


@cache
def document_styles() -> str:
    """The style rules of the exported file around the view."""
    return ASSETS.text("document.css")


@cache
def view_script() -> str:
    """The view itself, `TokenView`, without mounting code."""
    return ASSETS.script("token_view.js")


@cache
def streamlit_script() -> str:
    """An ES module whose default export mounts the view in a Streamlit component."""
    return ASSETS.script("mount_streamlit.js")


@cache
def document_script() -> str:
    """A classic script that mounts the view in an HTML page without Streamlit."""
    return ASSETS.document("mount_document.js")
