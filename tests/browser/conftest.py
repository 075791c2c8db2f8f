"""One browser per session, a new page per test, and no request to another machine."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright
from servers import CHROMIUM_ARGUMENTS, ROOT, chromium_path, streamlit_server, warm_up

from itlim.library import load_library

# Two workers share two cores, and the first use of most functions compiles or loads something.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; if there is none, tests are skipped locally and fail in CI."""
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS
            )
        except Error as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"No Chromium to test with: {error.message.splitlines()[0]}")
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Context shared by all tests, so that Streamlit's scripts are loaded and compiled once."""
    shared = browser.new_context(viewport={"width": 1360, "height": 900})
    shared.set_default_timeout(30_000)
    yield shared
    shared.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test on any script error or request to another machine."""
    tab = context.new_page()
    remote: list[str] = []
    errors: list[str] = []
    local = ("http://127.0.0.1", "ws://127.0.0.1", "file:", "data:", "blob:")
    tab.on("request", lambda asked: asked.url.startswith(local) or remote.append(asked.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    tab.close()
    assert not errors
    assert not remote


@pytest.fixture(scope="module")
def traced_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a words-only index of the demo, so that no test waits for an encoder."""
    from itlim.trace import build_index

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(home))
        build_index(load_library().dataset("demo"), lexical_only=True)
    with streamlit_server(ROOT / "app.py", home, ITLIM_HOME=str(home)) as address:
        warm_up(address)
        yield address
