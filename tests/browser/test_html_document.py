"""The exported file in a real browser, opened from disk."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from token_tables import EDGE_TEXTS, run_row, telescope_table, token_table

from itlim.components.tokens.document import html_document

pytestmark = pytest.mark.browser
ATTACK = "</script><script>window.__xss=9</script><img src=x onerror='window.__xss=9'>"


@pytest.fixture
def opened(page: Page, tmp_path: Path):
    """`opened(tokens)` writes a file, opens it and checks that it sends no further request."""

    def show(tokens, fragment: str = "", **changes):
        path = tmp_path / "run.html"
        path.write_text(html_document(run_row(tokens, **changes), tokens), encoding="utf-8")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(f"console: {message.text}"))
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector(".tv[data-ready]")
        assert asked[1:] == []
        return page

    return show


def test_file_shows_tokens_and_details_without_any_request(opened):
    page = opened(telescope_table())
    assert page.locator(".tok.shifted").count() > 5
    page.locator("#t40").hover()
    expect(page.locator(".tv-tip")).to_be_visible()
    assert page.locator(".tv-tip .top.tuned .row").count() == 11
    page.get_by_role("radio", name="KL", exact=True).click()
    expect(page.locator(".tok.shifted")).to_have_count(0)
    expect(page.locator("h1")).to_have_text("Tell me about the James Webb Space Telescope.")


def test_model_and_user_text_is_never_executed(opened):
    page = opened(
        token_table(EDGE_TEXTS), instruction=ATTACK, prompt=ATTACK, input=ATTACK, pair=ATTACK
    )
    assert page.evaluate("window.__xss") is None
    assert page.locator("img").count() == 0
    expect(page.locator("h1")).to_have_text(ATTACK)


def test_the_security_policy_blocks_code_that_is_not_in_the_file(opened):
    page = opened(telescope_table())
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.__late = 1';"
        " document.body.append(s); }"
    )
    assert page.evaluate("window.__late") is None


@pytest.mark.full
def test_prompt_unfolds(opened):
    page = opened(telescope_table())
    expect(page.locator("details pre")).to_be_hidden()
    page.locator("summary").click()
    expect(page.locator("details pre")).to_contain_text("### Response:")


@pytest.mark.full
def test_theme_follows_the_system_and_the_button(browser: Browser, tmp_path: Path):
    tokens = telescope_table()
    path = tmp_path / "run.html"
    path.write_text(html_document(run_row(tokens), tokens), encoding="utf-8")
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector(".tv[data-theme=dark]")
    page.get_by_role("button", name="Light").click()
    page.wait_for_selector(".tv[data-theme=light]")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    context.close()


@pytest.mark.full
def test_the_url_fragment_of_a_token_selects_it(opened):
    page = opened(telescope_table(), fragment="#token-60")
    expect(page.locator(".tok.cursor")).to_have_attribute("data-i", "60")
    page.locator("#t7").click()
    assert page.url.endswith("#token-7")


@pytest.mark.full
def test_selection_works_without_a_server(opened):
    page = opened(telescope_table())
    page.locator("#t7").dblclick()
    expect(page.locator(".tv-card")).to_be_visible()
