"""Every page in both themes: axe-core finds no serious fault, and nothing scrolls sideways."""

import os
import re

import pytest
from annotating import enter_name
from example_runs import FEATURED_RUN, example_response
from playwright.sync_api import Browser, Page, expect
from servers import ROOT, streamlit_server, warm_up

from itlim.annotation.side_by_side import plan_comparisons
from itlim.records import SideBySide, Study
from itlim.store.comparisons import answered_by_both, create_side_by_side
from itlim.store.runs import save_run
from tests.marked_studies import database, made, work

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
    "/evidence",
    "/evidence?part=Ground+truth+about+sources",
    "/tour",
]
BEHIND_THE_NAME = [
    ("/mark?study=dogs", "dora", "Guideline"),
    ("/mark?study=dogs", "ann", "submitted"),
    ("/adjudicate?study=dogs", "zoe", "Proposals"),
    ("/judge-pairs?study=tuning", "dora", "of 3 judged"),
]
"""Pages of annotation, who opens them, and what they then show; "ann" has submitted everything."""
IMPORTED = [f"/{page}?run={example_response().run_id}" for page in ("", "trace", "test")]
"""Pages with an answer that was imported without its models."""
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


@pytest.fixture(scope="module")
def studied_app(tmp_path_factory):
    """The app with a study that two people have marked, and one of compared answers."""
    home = tmp_path_factory.mktemp("studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(home))
        items = made(home, featured_only=True, annotators_per_item=3)
        with database(home) as store:
            for item in items:
                work(store, item, "ann", ("Tony and Maureen Wheeler", "not_factual"))
                work(store, item, "bea", ("Maureen Wheeler", "not_factual"))
            _compare(store)
            save_run(store, example_response())
    with streamlit_server(
        ROOT / "app.py", home, ITLIM_HOME=str(home), ITLIM_DB=str(home / "itlim.duckdb")
    ) as address:
        warm_up(address)
        yield address


def _compare(store) -> None:
    of, pairs = Study(study_id="tuning", title="Tuning"), ("demo-sft", "demo-lft")
    found = answered_by_both(store, *pairs)
    compared = SideBySide(pair_a=pairs[0], pair_b=pairs[1], n_both=len(found), n_same=0)
    create_side_by_side(store, of, compared, plan_comparisons(found, of, n_items=3), by="ann")


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


@pytest.mark.parametrize(("path", "who", "shown"), BEHIND_THE_NAME)
def test_a_page_behind_the_name_has_no_serious_fault(studied_app, screen, axe, path, who, shown):
    screen.goto(studied_app + path)
    enter_name(screen, who)
    expect(screen.get_by_text(re.compile(shown)).first).to_be_visible(timeout=SLOW)
    wait_until_drawn(screen)
    screen.evaluate(axe)
    assert screen.evaluate(MEASURE) == []
    assert screen.evaluate(SCROLLS_SIDEWAYS) == 0


@pytest.mark.parametrize("path", IMPORTED)
def test_a_page_with_an_imported_answer_has_no_serious_fault(studied_app, screen, axe, path):
    screen.goto(studied_app + path)
    wait_until_drawn(screen)
    screen.evaluate(axe)
    assert screen.evaluate(MEASURE) == []
    assert screen.evaluate(SCROLLS_SIDEWAYS) == 0
