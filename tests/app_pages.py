"""Open a page of the app under AppTest, and read what it shows."""

import json

from streamlit.testing.v1 import AppTest

from itlim.settings import PROJECT_FOLDER


def open_app(page: str, *, state: dict[str, object] | None = None, **query: str) -> AppTest:
    """The page `pages/views/<page>.py` with these parts in its address."""
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=60)
    # AppTest knows the pages after a first run only; of a run that is not there it is a quick one.
    app.query_params["run"] = "none"
    app.run()
    app.query_params.clear()
    for key, value in query.items():
        app.query_params[key] = value
    for key, value in (state or {}).items():
        app.session_state[key] = value
    return app.switch_page(f"pages/views/{page}.py").run()


def texts(elements) -> str:
    """What some elements say, in one line."""
    return " ".join(str(element.value) for element in elements)


def payloads(app: AppTest) -> list[dict]:
    """What the mounted components were given."""
    return [json.loads(view.proto.json) for view in app.get("bidi_component")]


def button(app: AppTest, label: str):
    """The first button whose label begins so."""
    return next(one for one in app.button if one.label.startswith(label))


def all_that_is_sent(app: AppTest) -> str:
    """Every element of the page as it travels to the browser."""
    return " ".join(str(element.proto) for element in _leaves(app._tree))


def _leaves(block):
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _leaves(child)
        else:
            yield child
