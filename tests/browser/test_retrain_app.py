"""Retraining in a real browser: start, reload midway, see the result, and open it again."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect
from servers import ROOT, streamlit_server, warm_up

from itlim.models.huggingface import load_pair
from itlim.store.connection import Store
from itlim.store.runs import save_run
from tests.tuned_pairs import NILE, library_of, tiny_run, tuned_library

pytestmark = [pytest.mark.browser, pytest.mark.full]
SLOW = 120_000


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The app with a pair that was tuned by the real `train`, and its answer "The Nile."."""
    home = tmp_path_factory.mktemp("home")
    path = tuned_library(home, ["sft"])
    run = tiny_run(load_pair(library_of(path).pair("tiny-sft")))
    with Store(home / "test.duckdb") as store:
        save_run(store, run)
    places = {"ITLIM_HOME": str(home), "ITLIM_LIBRARY": str(path)}
    with streamlit_server(ROOT / "app.py", home, **places) as address:
        warm_up(address)
        asked = {"lab": "Retrain without it", "run": run.run_id, "span": "4-8"}
        yield f"{address}/test?{urlencode(asked)}"


def start(page: Page):
    return page.get_by_role("button", name="Retrain without it", exact=True)


def answers(page: Page):
    return page.get_by_role(
        "listbox", name=re.compile("^Tokens of the answer (full|without|control)")
    )


def test_the_phrase_is_gone_without_its_source_and_a_reload_opens_the_result(app, page):
    page.goto(app)
    expect(start(page)).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="All that contain the phrase (1)").click()
    expect(page.get_by_text(f"{NILE} · contains the phrase")).to_be_visible()
    controls = page.get_by_role("spinbutton", name="Control runs")
    controls.fill("2")
    controls.press("Enter")
    expect(page.get_by_text("Tunes 4 models like tiny-sft")).to_be_visible()
    start(page).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=SLOW)
    page.wait_for_url(re.compile("retraining=[0-9a-f]{16}"))
    page.reload()
    expect(page.get_by_text("Does the phrase survive?")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(f"Without {NILE} the phrase is gone; in all 2")).to_be_visible()
    expect(answers(page)).to_have_count(4, timeout=SLOW)
    for position, contains in enumerate((True, False, True, True)):
        expect(answers(page).nth(position).get_by_role("option").first).to_be_visible()
        letters = "".join(answers(page).nth(position).get_by_role("option").all_text_contents())
        # The label of the box is among the tokens.
        assert ("Nile" in letters.replace("the phrase", "")) is contains, letters
    expect(page.get_by_text("not repeated")).to_have_count(1)
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 5


def test_an_earlier_retraining_opens_from_the_list(app, page):
    page.goto(app)
    page.get_by_text("Earlier retrainings of this answer (1)").click(timeout=SLOW)
    page.get_by_test_id("stExpanderDetails").get_by_role("button", name="Open").click()
    expect(page.get_by_text("Does the phrase survive?")).to_be_visible(timeout=SLOW)
    page.wait_for_url(re.compile("retraining=[0-9a-f]{16}"))
