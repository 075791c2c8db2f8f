"""The whole app in Chromium, with the demo family's real models and a fresh database."""

import re

import pytest
from example_runs import first_visit
from playwright.sync_api import Page, expect
from servers import ROOT, streamlit_server, warm_up

pytestmark = pytest.mark.browser
SLOW = 90_000


@pytest.fixture(scope="module")
def app(serve, tmp_path_factory) -> str:
    return serve("app.py", ITLIM_HOME=str(tmp_path_factory.mktemp("home")))


def ask(page: Page, instruction: str, button: str = "Ask") -> None:
    page.get_by_role("textbox", name="Instruction").fill(instruction)
    page.get_by_role("button", name=re.compile(f"^{button}( Shortcut|$)")).click()


def response(page: Page):
    return page.get_by_role("listbox", name="Tokens of the response")


def wait_for_address(page: Page) -> None:
    """Wait until the URL names a run other than the one that a first visit shows."""
    page.wait_for_function(
        "first => location.search.includes('run=') && !location.search.includes(first)",
        arg=first_visit()[0],
        timeout=SLOW,
    )


def text_of(page: Page) -> str:
    """The text of the response, once its tokens are drawn."""
    expect(response(page).get_by_role("option").first).to_be_visible(timeout=SLOW)
    return response(page).inner_text()


def wait_for_run(page: Page) -> str:
    """Wait until the requested run is finished and on screen, and return its id."""
    wait_for_address(page)
    run = re.search(r"run=([0-9a-f]+)", page.evaluate("location.search"))[1]
    expect(page.get_by_text("The base model's own answer")).to_be_visible(timeout=SLOW)
    # A growing answer has this heading as well; only a finished one states where it comes from.
    expect(page.get_by_text(f"· run {run}")).to_be_attached(timeout=SLOW)
    return run


def test_a_first_visit_shows_a_colored_answer(app, page):
    page.goto(app)
    expect(response(page)).to_be_visible(timeout=SLOW)
    *_, base = first_visit()
    expect(page.get_by_text(base.strip().split("\n")[-1])).to_be_visible()
    assert response(page).get_by_role("option").count() > 5


@pytest.mark.full
def test_a_deep_link_after_the_warm_up_opens_its_page_without_a_dialog(tmp_path, page):
    with streamlit_server(ROOT / "app.py", tmp_path, ITLIM_HOME=str(tmp_path)) as address:
        warm_up(address)
        page.goto(f"{address}/data-models?part=Model+pairs")
        expect(page.get_by_text("Add a pair", exact=True)).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("Explore")).to_be_visible()
        expect(page.get_by_text("Page not found")).to_have_count(0)


@pytest.mark.full
def test_an_answer_is_generated_live_stored_and_linked(app, page, context):
    page.goto(app)
    ask(page, "Who wrote Hamlet?")
    run = wait_for_run(page)
    text = text_of(page)
    assert "written" in text or "wrote" in text
    other = context.new_page()
    other.goto(page.url)
    assert text_of(other) == text
    expect(other.get_by_role("textbox", name="Instruction")).to_have_value("Who wrote Hamlet?")
    assert f"run={run}" in other.url
    other.close()


@pytest.mark.full
def test_an_answer_survives_a_reload_during_its_generation(app, page):
    page.goto(app)
    ask(page, "Write about a whale hunt that never ends, please.")
    wait_for_address(page)  # until then the click has not been handled
    page.reload()
    wait_for_run(page)
    expect(response(page)).to_be_visible()


@pytest.mark.full
def test_a_repeated_question_opens_the_stored_answer(app, page):
    page.goto(app)
    ask(page, "Who wrote Hamlet?")
    first = wait_for_run(page)
    page.goto(app)
    ask(page, "Who wrote Hamlet?")
    assert wait_for_run(page) == first
    expect(page.get_by_text("Already answered")).to_be_visible()


@pytest.mark.full
def test_a_pasted_text_is_scored_without_changing_a_character(app, page):
    page.goto(app)
    page.get_by_text("Score my own text").click()
    page.get_by_role("textbox", name="Response to score").fill("Hamlet  was 書かれた 🙂 by me.")
    ask(page, "Who wrote Hamlet?", button="Score")
    wait_for_run(page)
    expect(page.get_by_text("nothing was generated")).to_be_visible()
    expect(response(page)).to_contain_text("書かれた 🙂 by me.")


@pytest.mark.full
def test_the_url_contains_the_clicked_token_and_the_coloring(app, page):
    page.goto(app)
    expect(response(page)).to_be_visible(timeout=SLOW)
    ask(page, "Who wrote Hamlet?")
    wait_for_run(page)
    response(page).get_by_role("option").nth(2).click()
    page.wait_for_function("location.search.includes('token=2')", timeout=SLOW)
    page.keyboard.press("Escape")  # the pinned details may cover the controls
    page.get_by_role("radio", name="KL", exact=True).click()
    page.wait_for_function("location.search.includes('metric=kl_tuned_base')", timeout=SLOW)


@pytest.mark.full
def test_base_lft_and_sft_answers_are_shown_side_by_side(app, page):
    page.goto(f"{app}/compare?ask=Who+wrote+Hamlet%3F")
    page.get_by_role("button", name="Ask all").click()
    for title in ("base", "LFT (LoRA)", "SFT (full)"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Open this answer")).to_have_count(3, timeout=SLOW)


@pytest.mark.full
def test_the_html_export_needs_no_server(app, page, tmp_path):
    page.goto(app)
    expect(response(page)).to_be_visible(timeout=SLOW)
    text = text_of(page)
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").click()
    saved = tmp_path / "run.html"
    download.value.save_as(saved)
    page.goto(saved.as_uri())
    expect(page.get_by_role("listbox").first).to_be_visible()
    assert page.get_by_role("listbox").first.inner_text() == text


@pytest.mark.full
def test_the_demo_page_says_that_it_does_not_replicate_the_paper(app, page):
    page.goto(f"{app}/evidence")
    expect(page.get_by_text("does not replicate the paper").first).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Only where SFT and LFT differ")).to_be_visible(timeout=SLOW)
