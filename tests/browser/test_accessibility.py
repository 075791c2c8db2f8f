"""Every page in both themes: axe-core finds no serious fault, and nothing scrolls sideways."""

import os

import pytest
from example_runs import FEATURED_RUN
from playwright.sync_api import Browser, Page
from servers import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.full]
AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
SLOW = 90_000
RUN = f"run={FEATURED_RUN}"
PAGES = [
    "/",
    "/?all=true&ask=Tell+me+who+founded+Toyota.",
    f"/trace?{RUN}",
    f"/trace?{RUN}&view=base+%7C+LFT+%7C+SFT",
    "/trace?view=Search&q=Maureen+Wheeler",
    "/trace?view=An+instance&instance=demo-156",
    f"/test?{RUN}",
    f"/test?{RUN}&lab=Ask+differently",
    "/mark",
    "/adjudicate",
    "/judge-pairs",
    "/data-models",
    "/data-models?part=Model+pairs",
    "/data-models?part=Stored+runs",
    "/data-models?part=Backups",
    "/findings",
    "/findings?part=Ground+truth+about+sources",
    "/tour",
]
SCREENS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
MEASURE = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations
  .filter(({impact}) => impact === "serious" || impact === "critical")
  .flatMap(({id, nodes}) => nodes.map((node) =>
    [id, node.any[0]?.data?.contrastRatio ?? "", node.html.slice(0, 120)].join(" "))))"""
SCROLLS_SIDEWAYS = """[document.documentElement, document.querySelector(".stMain")]
  .filter((node) => node && node.scrollWidth > node.clientWidth + 1).length"""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            raise RuntimeError(f"{AXE} is missing: run `make lint`, which installs it.")
        pytest.skip("axe-core is not installed: run `make lint`.")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def screen(browser: Browser, request):
    theme, width = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(SLOW)
    yield page
    context.close()


def wait_until_drawn(page: Page) -> None:
    page.wait_for_selector("html[data-itlim-repaired]", state="attached")
    page.wait_for_function(
        "document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'"
    )
    page.wait_for_timeout(1500)  # charts and tables draw after the script has ended


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_serious_fault_and_does_not_scroll_sideways(traced_app, screen, axe, path):
    screen.goto(traced_app + path)
    wait_until_drawn(screen)
    screen.evaluate(axe)
    assert screen.evaluate(MEASURE) == []
    assert screen.evaluate(SCROLLS_SIDEWAYS) == 0
