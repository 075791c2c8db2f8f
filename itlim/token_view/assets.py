"""The token view's files as strings: one script, one style sheet, one piece of markup.

The script is cut into files by subject and joined here. They share one scope, so
the order below is the order of dependence.
"""

from functools import cache
from pathlib import Path

from itlim.token_view.palette import theme_css

ASSETS = Path(__file__).parent / "assets"
_SHARED = ("visible_text.js", "theme.js")
_SCRIPTS = (
    *_SHARED,
    "token_table.js",
    "surface.js",
    "marks.js",
    "panels.js",
    "key_help.js",
    "header.js",
    "input.js",
    "token_view.js",
)


@cache
def markup() -> str:
    """The elements that the script fills."""
    return _read("token_view.html")


@cache
def style_sheet() -> str:
    """Colours of both themes, then the rules that use them."""
    return theme_css() + _read("token_view.css")


@cache
def document_styles() -> str:
    """What the exported file needs around the view."""
    return _read("document.css")


@cache
def shared_script() -> str:
    """How text reaches the screen, how numbers are written, which theme is on: for any view."""
    return "\n".join(_read(name) for name in _SHARED)


@cache
def view_script() -> str:
    """The view itself, `TokenView`, not yet mounted anywhere."""
    return "\n".join(_read(name) for name in _SCRIPTS)


@cache
def streamlit_script() -> str:
    """An ES module whose default export mounts the view in a Streamlit component."""
    return mounted(view_script(), _read("mount_streamlit.js"))


def mounted(view: str, mount: str) -> str:
    """An ES module: a view's script, and the few lines that mount it in a Streamlit component."""
    return "\n".join((view, _read("mounting.js"), mount))


@cache
def document_script() -> str:
    """A classic script that mounts the view in a page of its own."""
    return f"(() => {{\n{view_script()}\n{_read('mount_document.js')}}})();\n"


def _read(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")
