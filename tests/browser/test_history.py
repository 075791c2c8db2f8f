"""Back and Forward, and the menu in a narrow window: one press leads where the reader was."""

import re

import pytest
from example_runs import FEATURED_RUN
from playwright.sync_api import Page, expect

from itlim.ui.shared.tour_link import TOUR_COOKIE

pytestmark = [pytest.mark.browser, pytest.mark.full]
SLOW = 90_000
TITLES = ["A false sentence", "Copied from a training example", "Gone without it"]


def title(page: Page):
    return page.locator(".to-title")


def first_page(page: Page):
    return page.get_by_role("button", name="Where did the words come from?")


def test_back_walks_through_the_tour_and_then_to_the_page_before_it(traced_app, page):
    page.context.clear_cookies(name=TOUR_COOKIE)
    page.goto(f"{traced_app}/?run={FEATURED_RUN}")
    page.get_by_role("link", name="Tour: three steps").click(timeout=SLOW)
    expect(title(page)).to_have_text(TITLES[0], timeout=SLOW)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(title(page)).to_have_text(TITLES[2])
    for step in (2, 1):
        page.go_back()
        expect(title(page)).to_have_text(TITLES[step - 1])
        assert f"step={step}" in page.url
    page.go_forward()
    expect(title(page)).to_have_text(TITLES[1])
    page.go_back()
    expect(title(page)).to_have_text(TITLES[0])
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=SLOW)
    page.go_back()
    expect(first_page(page)).to_be_visible(timeout=SLOW)
    assert f"run={FEATURED_RUN}" in page.url


def test_a_tour_that_was_left_by_back_continues_at_the_step_that_was_seen_last(traced_app, page):
    page.context.clear_cookies(name=TOUR_COOKIE)
    page.goto(f"{traced_app}/?run={FEATURED_RUN}")
    page.get_by_role("link", name="Tour: three steps").click(timeout=SLOW)
    expect(title(page)).to_have_text(TITLES[0], timeout=SLOW)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.go_back()
    expect(title(page)).to_have_text(TITLES[1])
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Continue the tour").click(timeout=SLOW)
    expect(title(page)).to_have_text(TITLES[1], timeout=SLOW)


def test_a_tour_continues_after_a_reload_of_the_browser_and_starts_again_once_it_is_over(
    traced_app, browser
):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{traced_app}/tour?step=2")
    expect(title(page)).to_have_text(TITLES[1], timeout=SLOW)
    page.keyboard.press("Escape")
    expect(first_page(page)).to_be_visible(timeout=SLOW)
    page.goto(f"{traced_app}/?run={FEATURED_RUN}")
    page.get_by_role("link", name="Continue the tour").click(timeout=SLOW)
    expect(title(page)).to_have_text(TITLES[1], timeout=SLOW)
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Done").click()
    expect(first_page(page)).to_be_visible(timeout=SLOW)
    page.reload()
    expect(page.get_by_role("link", name="Tour: three steps")).to_be_visible(timeout=SLOW)
    context.close()


def test_back_to_trace_from_a_page_of_the_menu_keeps_its_filters(traced_app, browser):
    context = browser.new_context(viewport={"width": 700, "height": 844})
    page = context.new_page()
    page.goto(f"{traced_app}/_stcore/health")
    chosen = f"{traced_app}/trace?run={FEATURED_RUN}&containing=Wheeler&weight-evidence=2.0"
    page.goto(chosen)
    expect(page.locator(".tr-verdict")).to_be_visible(timeout=SLOW)
    page.get_by_test_id("stExpandSidebarButton").click()
    menu = page.get_by_test_id("stSidebar")
    menu.get_by_role("link", name="Mark", exact=True).click()
    expect(page.get_by_role("heading", name="Mark", exact=True)).to_be_visible(timeout=SLOW)
    assert page.url == f"{traced_app}/mark"
    page.go_back()
    expect(page.locator(".tr-verdict")).to_be_visible(timeout=SLOW)
    assert page.url == chosen
    page.go_back()
    page.wait_for_url("**/_stcore/health")
    context.close()


@pytest.mark.parametrize("path", ["", "trace", "tour"])
def test_one_press_of_back_leaves_the_page_that_was_opened_first(traced_app, page, path):
    page.goto(f"{traced_app}/_stcore/health")
    page.goto(f"{traced_app}/{path}")
    page.wait_for_url(re.compile(r"\?(run|step)="), timeout=SLOW)
    expect(page.locator(":is(.tv-body, .tr-verdict, .to-title)").first).to_be_visible(timeout=SLOW)
    expect(page.locator("html")).to_have_attribute("data-itlim-repaired", "true", timeout=SLOW)
    page.go_back()
    page.wait_for_url("**/_stcore/health")


@pytest.mark.parametrize("width", [390, 700])
def test_the_menu_of_a_narrow_window_closes_after_a_choice(traced_app, browser, width):
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(traced_app)
    expect(first_page(page)).to_be_visible(timeout=SLOW)
    menu = page.get_by_test_id("stSidebar")
    for name in ("Findings", "Mark"):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(menu).to_have_attribute("data-collapsed", "false")
        menu.get_by_role("link", name=name, exact=True).click()
        expect(menu).to_have_attribute("data-collapsed", "true")
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_in_viewport(timeout=SLOW)
    context.close()


def test_back_returns_to_the_source_that_was_chosen_on_trace(traced_app, page):
    chosen = f"{traced_app}/trace?run={FEATURED_RUN}&cand=demo-156"
    page.goto(chosen)
    page.get_by_role("button", name="What happens without it?").click(timeout=SLOW)
    page.wait_for_url(re.compile(r"/test\?"), timeout=SLOW)
    expect(page.get_by_role("heading", name="What happens without it?")).to_be_visible(timeout=SLOW)
    page.go_back()
    expect(page.locator(".tr-verdict")).to_be_visible(timeout=SLOW)
    assert page.url == chosen


@pytest.mark.parametrize("pause_ms", [0, 250, 700, 1200])
def test_a_quick_back_to_trace_still_searches_the_datasets(traced_app, page, pause_ms):
    page.goto(f"{traced_app}/trace?run={FEATURED_RUN}")
    page.get_by_role("button", name="What happens without it?").click(timeout=SLOW)
    page.wait_for_url(re.compile(r"/test\?"), timeout=SLOW)
    page.wait_for_timeout(pause_ms)  # at another moment of the other page's script run
    page.go_back()
    expect(page.locator(".tr-verdict")).to_be_visible(timeout=SLOW)
    # With the next input, the browser sends what each field shows.
    expect(page.get_by_test_id("stMultiSelect")).to_contain_text(re.compile("demo|real"))


@pytest.mark.parametrize("old", [f"causality?run={FEATURED_RUN}", "demo"])
def test_back_from_an_old_address_leads_to_the_page_before_it(traced_app, page, old):
    page.goto(f"{traced_app}/_stcore/health")
    page.goto(f"{traced_app}/{old}")
    page.wait_for_url(re.compile(r"/(test|evidence)"), timeout=SLOW)
    page.wait_for_function("document.documentElement.dataset.itlimRepaired")
    page.go_back()
    page.wait_for_url("**/_stcore/health")


def test_back_from_a_case_returns_to_the_selected_finding(traced_app, page):
    page.goto(f"{traced_app}/findings?pairs=demo-sft&row=demo-sft:share_shifted")
    opened = page.get_by_test_id("stButton").get_by_role("button", name="Open", exact=True)
    opened.first.click(timeout=SLOW)
    expect(first_page(page)).to_be_visible(timeout=SLOW)
    page.go_back()
    expect(page.get_by_role("heading", name="How it is computed")).to_be_visible(timeout=SLOW)
    page.wait_for_url(re.compile(r"findings\?.*row=demo-sft(:|%3A)share_shifted"))


def test_a_phone_shows_each_finding_with_its_interval_and_n(traced_app, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{traced_app}/findings?pairs=demo-sft")
    item = page.get_by_role("listitem").filter(has_text="share of shifted tokens")
    expect(item).to_contain_text(
        re.compile(r"demo-sft: \S+ percent \(\S+ to \S+\), n = \S+ tokens"), timeout=SLOW
    )
    box = item.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.get_by_test_id("stDataFrame").locator("visible=true").count() <= 1, "moved tokens"
    item.get_by_role("link").click()
    expect(page.get_by_role("heading", name="How it is computed")).to_be_visible(timeout=SLOW)
    context.close()


def test_a_phone_shows_all_headings_of_the_findings(traced_app, browser):
    """One of them follows a folded list."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{traced_app}/findings?pairs=demo-sft&part=Marked+phrases")
    for title in ("What do people judge", "Does a phrase disappear", "Does a phrase survive"):
        expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=SLOW)
    context.close()
