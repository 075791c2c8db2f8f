"""Tracing in the whole app with the demo's real index, from Ask to the candidates."""

import re
from collections.abc import Callable

import pytest
from example_runs import FEATURED_RUN
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.full]
SLOW = 90_000
RUN = FEATURED_RUN


def tokens(page: Page):
    return page.get_by_role("listbox", name=re.compile("^Tokens of"))


def candidates(page: Page):
    return page.get_by_role("region", name="Candidates, best first").locator(".tr-card")


def choose_other_words(page: Page):
    page.get_by_text("Choose other words of this answer").click()


def act_until(page: Page, act: Callable[[], None], address: str):
    """Repeat an action until the URL matches a pattern.

    A script run that redraws the element meanwhile takes the focus away, or loses the click.
    """
    for _ in range(SLOW // 2000):
        act()
        page.wait_for_timeout(2000)
        if re.search(address, page.url):
            return
    raise AssertionError(f"{address!r} is not in {page.url}")


def test_enter_on_selected_words_opens_their_sources(traced_app, page):
    page.goto(f"{traced_app}/?run={RUN}")
    expect(tokens(page)).to_be_visible(timeout=SLOW)
    words = tokens(page).get_by_role("option")
    texts = [text.strip() for text in words.all_inner_texts()]
    words.nth(next(i for i, text in enumerate(texts) if text.startswith("T") and i > 2)).click()
    page.keyboard.press("Escape")
    for _ in range(4):  # the word under the cursor, then three more
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/trace\?.*span=\d+-\d+"), timeout=SLOW)
    expect(candidates(page).first).to_contain_text("demo-156", timeout=SLOW)
    expect(page.locator(".tr-response .in-span").first).to_contain_text("Tony")
    choose_other_words(page)
    expect(page.locator(".tok.layer").first).to_be_visible()
    assert page.locator(".tok.below").count() > 3


def test_the_url_follows_the_keys_and_opens_run_span_and_candidate(traced_app, page):
    page.goto(f"{traced_app}/trace?run={RUN}&span=48-71")
    expect(candidates(page).first).to_be_visible(timeout=SLOW)
    expect(page.locator(".tr-response .in-span").first).to_contain_text("The company was started")
    act_until(page, lambda: candidates(page).first.locator("article").press("End"), "cand=")
    chosen = re.search("cand=([^&]+)", page.url).group(1)
    assert chosen == candidates(page).last.get_attribute("data-id")
    page.goto(page.url)
    expect(page.locator(".tr-card.chosen")).to_have_attribute("data-id", chosen, timeout=SLOW)


def test_what_is_unfolded_is_in_the_address_and_is_open_again(traced_app, page):
    page.goto(f"{traced_app}/trace?run={RUN}&span=48-71")
    expect(candidates(page).first).to_be_visible(timeout=SLOW)
    sure, more = page.locator(".tr-sure"), page.locator(".tr-more")
    act_until(page, lambda: sure.click(), r"unfolded=figures(&|$)")
    act_until(page, lambda: more.click(), r"unfolded=figures(%2C|,)others")
    page.goto(page.url)
    for fold in (sure, more):
        expect(fold).to_have_attribute("aria-expanded", "true", timeout=SLOW)
    act_until(page, lambda: more.click(), r"unfolded=figures(&|$)")
    act_until(page, lambda: sure.click(), r"^((?!unfolded).)*$")


def test_a_click_on_a_suggested_span_opens_its_candidates(traced_app, page):
    page.goto(f"{traced_app}/trace?run={RUN}&span=48-80")
    expect(candidates(page).first).to_be_visible(timeout=SLOW)
    choose_other_words(page)
    expect(page.locator(".ov-worth button").first).to_be_visible(timeout=SLOW)
    # Inert until the first trace of the process, which compiles its loops, has finished.
    suggested = page.locator(".ov-worth button").first
    act_until(page, lambda: suggested.click(timeout=SLOW), r"span=7-\d+")
    expect(page.locator(".tr-card.chosen")).to_have_attribute("data-id", "demo-156", timeout=SLOW)
    expect(page.locator(".ov-worth button[aria-current]")).to_have_count(1)


def test_hovering_highlights_the_matching_words_in_the_exported_file(traced_app, page, tmp_path):
    page.goto(f"{traced_app}/trace?run={RUN}&span=22-46")
    expect(candidates(page).first).to_be_visible(timeout=SLOW)
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").click()
    saved = tmp_path / "trace.html"
    download.value.save_as(saved)
    page.goto(saved.as_uri())
    page.wait_for_selector(".trace[data-ready]")
    page.locator(".tr-card mark").first.hover()
    expect(page.locator(".tr-response mark.lit")).to_have_text("Tony and Maureen Wheeler")
    expect(page.locator(".tv .tok").first).to_be_visible()
