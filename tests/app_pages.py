"""Open a page of the app under AppTest and read its contents."""

import json
import re
from html import unescape

from streamlit.testing.v1 import AppTest

from itlim.settings import PROJECT_FOLDER
from itlim.text.markdown import JOINER


def open_app(page: str, *, state: dict[str, object] | None = None, **query: str) -> AppTest:
    """Open `pages/views/<page>.py` with these query parameters."""
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=60)
    # AppTest registers the pages on a first run, which is quick for a run id that does not exist.
    app.query_params["run"] = "none"
    app.run()
    app.query_params.clear()
    for key, value in query.items():
        app.query_params[key] = value
    for key, value in (state or {}).items():
        app.session_state[key] = value
    return app.switch_page(f"pages/views/{page}.py").run()


def texts(elements) -> str:
    """The values of some elements, joined by spaces."""
    return " ".join(str(element.value) for element in elements)


def unescaped(elements) -> str:
    """The values of elements whose Markdown shows plain text (`itlim.text.markdown`)."""
    return re.sub(r"\\(.)", r"\1", texts(elements)).replace(JOINER, "")


def payloads(app: AppTest) -> list[dict]:
    """The payloads of the mounted views; the script that every page has draws nothing."""
    found = [json.loads(view.proto.json) for view in app.get("bidi_component")]
    return [one for one in found if "opens" not in one]


def button(app: AppTest, label: str):
    """The first button whose label starts with `label`."""
    return next(one for one in app.button if one.label.startswith(label))


def plain_texts(app: AppTest) -> str:
    """The text of all HTML elements, joined by spaces."""
    bodies = " ".join(one.proto.body for one in app.get("html"))
    return unescape(re.sub(r"<[^>]*>", " ", bodies))


def all_that_is_sent(app: AppTest) -> str:
    """Every element of the page as sent to the browser."""
    return " ".join(str(element.proto) for element in _leaves(app._tree))


def _leaves(block):
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _leaves(child)
        else:
            yield child
