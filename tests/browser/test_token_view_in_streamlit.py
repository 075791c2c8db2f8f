"""The token view as mounted by Streamlit: reported state, cursor updates, streaming, theme."""

import re

import pytest
from gestures import drag, press, token
from playwright.sync_api import Browser, Page, expect
from token_tables import telescope_table, telescope_texts

pytestmark = [pytest.mark.browser, pytest.mark.full]
SCRIPT = "tests/browser/pages_for_tests/token_view_page.py"
TOKENS = telescope_table()
TEXTS = telescope_texts()


@pytest.fixture(scope="session")
def address(serve) -> str:
    return serve(SCRIPT)


@pytest.fixture
def view(page: Page, address: str):
    """`view(query)` opens a case and waits until its tokens are painted."""

    def show(query: str = "case=telescope") -> Page:
        page.goto(f"{address}/?{query}")
        page.wait_for_selector(".tv[data-ready]", state="attached")
        return page

    return show


def reported(page: Page, text: str) -> None:
    expect(page.get_by_text(text)).to_be_visible()


def test_new_thresholds_recolor_without_rebuilding(view):
    page = view()
    token(page, 0).evaluate("node => { node.kept = true }")
    page.get_by_role("button", name="Raise thresholds").click()
    expect(page.locator(".tv-legend")).to_contain_text("rank 6–20")
    expect(page.locator(".tv-legend")).to_contain_text("The paper uses ranks 1 and 3.")
    assert token(page, 0).evaluate("node => node.kept") is True
    ranks = TOKENS["base_rank"].to_pylist()
    assert page.locator(".tok.shifted").count() == sum(rank > 20 for rank in ranks)


def test_click_pins_the_details_and_reports_the_cursor(view):
    page = view()
    token(page, 40).click()
    tip = page.locator(".tv-tip")
    expect(tip).to_contain_text("pinned")
    reported(page, "cursor=40")
    page.wait_for_url("**token=40*")
    page.mouse.move(5, 5)
    token(page, 3).hover()
    expect(tip).to_contain_text("position 40")
    press(page, "Escape")
    expect(tip).to_be_hidden()


def test_clicks_are_not_undone_by_their_own_change_of_the_url(view):
    page = view()
    for position in (12, 15, 18, 60):
        token(page, position).click()
    reported(page, "cursor=60")
    page.wait_for_timeout(600)
    expect(page.locator(".tok.cursor")).to_have_attribute("data-i", "60")


def test_url_and_chart_can_place_the_cursor(view):
    page = view("case=telescope&token=150")
    expect(page.locator(".tok.cursor")).to_have_attribute("data-i", "150")
    token(page, 20).click()
    page.get_by_role("button", name="Focus 60").click()
    expect(page.locator(".tok.cursor")).to_have_attribute("data-i", "60")
    token(page, 21).click()
    reported(page, "cursor=21")
    page.get_by_role("button", name="Focus 60").click()
    expect(page.locator(".tok.cursor")).to_have_attribute("data-i", "60")


def test_keys_never_reach_streamlits_own_shortcuts(view):
    page = view()
    runs = page.get_by_text(re.compile("runs=")).inner_text()
    page.locator(".tv-body").focus()
    press(page, "r", "c")
    page.locator(".tv-help").focus()
    press(page, "r", "c")
    page.wait_for_timeout(500)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.get_by_text(re.compile("runs=")).inner_text() == runs


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_streamlit(browser: Browser, address: str, scheme: str):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}/?case=telescope")
    page.wait_for_selector(".tv[data-ready]")
    assert page.locator(".tv").get_attribute("data-theme") == scheme
    context.close()


def test_streamed_tokens_are_appended_and_existing_ones_are_kept(view):
    page = view("case=stream")
    page.wait_for_selector("#t10")
    expect(page.locator(".caret")).to_have_count(1)
    token(page, 3).evaluate("node => { node.kept = true }")
    token(page, 3).click()
    page.wait_for_selector(f".tv[data-n='{len(TEXTS)}']", timeout=15_000)
    expect(page.locator(".caret")).to_have_count(0)
    expect(page.locator(".tok.end")).to_have_count(1)
    assert token(page, 3).evaluate("node => node.kept") is True
    expect(page.locator(".tok.cursor")).to_have_attribute("data-i", "3")
    shown = page.locator(".tok:not(.end)").evaluate_all("nodes => nodes.map(n => n.textContent)")
    assert "".join(shown).replace("↵", "") == "".join(TEXTS)


def as_drawn(page: Page) -> list[str]:
    """Every token as it stands on screen, without what points at one of them."""
    page.wait_for_selector(f".tv[data-n='{len(TEXTS)}']", timeout=15_000)
    return page.locator(".tok").evaluate_all("nodes => nodes.map(n => n.outerHTML)")


@pytest.fixture(scope="module")
def stored(browser: Browser, address: str) -> tuple[list[str], str]:
    """Tokens and legend of the same answer, sent as a whole."""
    page = browser.new_page()
    page.goto(f"{address}/?case=telescope")
    found = as_drawn(page), page.locator(".tv-legend").inner_text()
    page.close()
    return found


@pytest.mark.parametrize("query", ["case=stream", "case=stream&lose=1"])
def test_an_answer_that_came_in_parts_looks_like_the_stored_one(view, stored, query):
    page = view(query)
    assert as_drawn(page) == stored[0]
    expect(page.locator(".caret")).to_have_count(0)
    assert page.locator(".tv-legend").inner_text() == stored[1]


def test_a_page_reloaded_while_an_answer_grows_has_it_whole(view, stored):
    page = view("case=stream")
    page.wait_for_selector("#t30")
    page.reload()
    assert as_drawn(page) == stored[0]


def test_columns_share_one_legend_and_coloring(view):
    page = view("case=columns")
    expect(page.locator(".tv[data-ready]")).to_have_count(4)
    assert page.get_by_role("radiogroup").count() == 1
    page.get_by_role("radio", name="KL", exact=True).click()
    for index in range(1, 4):
        column = page.locator(".tv").nth(index)
        expect(column.locator(".tok.shifted")).to_have_count(0)
        expect(column.locator(".tok.step-0, .tok.step-1").first).to_be_visible()


def test_drag_and_enter_are_reported_to_python(view):
    page = view()
    start = TEXTS.index(" Kou")
    drag(page, start + 1, start + 3)
    reported(page, f"selection=({start}, {start + 4})")
    press(page, "Enter")
    reported(page, f"trace=({start}, {start + 4})")
    token(page, 40).click()
    reported(page, "selection=None cursor=40")


def test_a_linked_selection_and_coloring_are_shown_and_can_be_changed(view):
    page = view("case=telescope&selected=1&metric=js")
    reported(page, "selection=(20, 24)")
    reported(page, "metric=js")
    expect(page.locator(".tok.selected")).to_have_count(4)
    page.get_by_role("radio", name="KL", exact=True).click()
    reported(page, "metric=kl_tuned_base")
    token(page, 40).click()
    reported(page, "selection=None cursor=40")
