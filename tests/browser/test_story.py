"""The story in a browser: from the first page to "gone without it", and the tour by keyboard."""

import re

import pytest
from example_runs import FEATURED_RUN
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
SLOW = 90_000


def response(page: Page):
    return page.get_by_role("listbox", name="Tokens of the response")


def select_name(page: Page) -> None:
    """Select the words "Tony and Maureen Wheeler" with the mouse."""
    tokens = response(page).get_by_role("option")
    first, last = tokens.nth(6).bounding_box(), tokens.nth(12).bounding_box()
    page.mouse.move(first["x"] + 3, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(last["x"] + 3, last["y"] + last["height"] / 2, steps=6)
    page.mouse.up()


def test_the_first_page_leads_to_gone_without_it_in_two_clicks(traced_app, page):
    page.goto(traced_app)
    page.get_by_role("button", name="Where did the words come from?").click(timeout=SLOW)
    expect(page.locator(".tr-verdict")).to_contain_text("Best match", timeout=SLOW)
    page.get_by_role("button", name="What happens without it?").click()
    outcome = page.get_by_text(re.compile(r"^Without the training example \S+, “.+” is gone\.$"))
    expect(outcome).to_be_visible(timeout=SLOW)


def test_a_selection_offers_the_next_steps_and_the_link_holds_the_words(traced_app, page):
    page.goto(f"{traced_app}/?run={FEATURED_RUN}")
    expect(response(page)).to_be_visible(timeout=SLOW)
    select_name(page)
    page.get_by_role("button", name="Where did this come from?").click()
    page.wait_for_url(re.compile(rf"/trace\?run={FEATURED_RUN}&span=\d+-\d+"), timeout=SLOW)
    expect(page.locator(".tr-verdict")).to_be_visible(timeout=SLOW)
    expect(page.locator(".tv-card")).not_to_be_visible()


@pytest.mark.full
def test_the_menu_has_four_groups_and_each_entry_opens_its_page(traced_app, page):
    groups = {
        "Explore": {"Ask": "", "Trace": "trace", "Test": "test"},
        "Annotate": {"Mark": "mark", "Adjudicate": "adjudicate", "Judge pairs": "judge-pairs"},
        "Set-up": {"Data & models": "data-models"},
        "Findings": {"Findings": "findings", "Evidence": "evidence", "Tour": "tour"},
    }
    sections = page.get_by_test_id("stTopNavSection")
    for group, entries in groups.items():
        for entry, path in entries.items():
            page.goto(traced_app)  # the tour has no menu
            expect(sections).to_have_text(list(groups), timeout=SLOW)
            sections.filter(has_text=group).click()
            links = page.get_by_test_id("stTopNavDropdownLink")
            expect(links).to_have_text(list(entries))
            links.get_by_text(entry, exact=True).click()
            page.wait_for_url(re.compile(rf"{traced_app}/{path}(\?.*)?$"), timeout=SLOW)


@pytest.mark.full
def test_one_press_of_back_returns_to_the_answer(traced_app, page):
    page.goto(f"{traced_app}/?run={FEATURED_RUN}")
    expect(response(page)).to_be_visible(timeout=SLOW)
    response(page).get_by_role("option").nth(2).click()
    page.wait_for_function("location.search.includes('token=2')")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Where did the words come from?").click()
    expect(page.locator(".tr-verdict")).to_be_visible(timeout=SLOW)
    page.go_back()
    expect(page.get_by_role("button", name="Where did the words come from?")).to_be_visible(
        timeout=SLOW
    )
    assert f"run={FEATURED_RUN}" in page.url


@pytest.mark.full
def test_an_unsent_draft_is_there_after_a_visit_of_another_page(traced_app, page):
    page.goto(traced_app)
    field = page.get_by_role("textbox", name="Instruction")
    field.fill("Who wrote an unsent draft")
    page.get_by_role("button", name="Where did the words come from?").click(timeout=SLOW)
    expect(page.locator(".tr-verdict")).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="Back to the answer").click()
    expect(field).to_have_value("Who wrote an unsent draft", timeout=SLOW)


@pytest.mark.full
def test_a_text_that_was_typed_but_not_traced_is_there_after_a_visit_of_another_page(
    traced_app, page
):
    page.goto(f"{traced_app}/trace?source=Your+own+text")
    page.get_by_role("textbox", name="Instruction").fill("Who founded Kia?", timeout=SLOW)
    for name, heading in (("Ask", "Which words did"), ("Trace", "Where did these words")):
        page.get_by_test_id("stTopNavSection").filter(has_text="Explore").click()
        page.get_by_test_id("stTopNavDropdownLink").filter(has_text=name).click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="Your own text").click()
    field = page.get_by_role("textbox", name="Instruction")
    expect(field).to_have_value("Who founded Kia?", timeout=SLOW)


@pytest.mark.full
def test_the_text_does_not_jump_when_the_answer_is_complete(traced_app, page):
    page.goto(traced_app)
    page.get_by_role("textbox", name="Instruction").fill("Who wrote Hamlet?", timeout=SLOW)
    page.get_by_role("button", name=re.compile("^Ask( Shortcut|$)")).click()
    expect(page.get_by_role("button", name=re.compile("^Stop"))).to_be_visible(timeout=SLOW)
    title = page.get_by_text("The tuned model's answer")
    growing = title.bounding_box()
    expect(page.get_by_role("button", name="Where did the words come from?")).to_be_visible(
        timeout=SLOW
    )
    finished = title.bounding_box()
    assert abs(finished["y"] - growing["y"]) <= 10


@pytest.mark.full
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("causality?run=x&span=1-2", r"/test\?run=x&span=1-2"),
        ("datasets", r"/data-models"),
        ("library", r"/data-models\?part=Model"),
        ("side-by-side", r"/judge-pairs"),
        ("demo", r"/evidence"),
    ],
)
def test_an_old_address_leads_to_its_page_with_its_parameters(traced_app, page, old, new):
    page.goto(f"{traced_app}/{old}")
    page.wait_for_url(re.compile(new), timeout=SLOW)


def test_the_tour_is_walked_with_the_arrow_keys_alone(traced_app, page):
    page.goto(f"{traced_app}/tour")
    titles = ["A false sentence", "Copied from a training example", "Gone without it"]
    title = page.locator(".to-title")
    expect(title).to_have_text(titles[0], timeout=SLOW)
    for number in (2, 3):
        page.keyboard.press("ArrowRight")
        expect(title).to_have_text(titles[number - 1])
        page.wait_for_function(f"location.search.includes('step={number}')")
        for control in (page.locator(".to-nav"), page.locator(".st-key-export-tour")):
            expect(control).to_have_css("opacity", "0")
    page.mouse.move(200, 200)
    page.mouse.move(210, 200)
    expect(page.locator(".to-nav")).to_have_css("opacity", "1")
    page.keyboard.press("ArrowLeft")
    expect(title).to_have_text(titles[1])
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Continue the tour")).to_be_visible(timeout=SLOW)


@pytest.mark.full
@pytest.mark.parametrize(("width", "pixels"), [(390, 18), (1280, 24), (1920, 30)])
def test_the_tour_is_in_large_type_and_hides_the_menu(traced_app, browser, width, pixels):
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(f"{traced_app}/tour")
    expect(page.locator(".to-title")).to_be_visible(timeout=SLOW)
    sizes = page.locator(".to-texts .text").evaluate_all(
        "nodes => nodes.map(node => parseFloat(getComputedStyle(node).fontSize))"
    )
    assert min(sizes) >= pixels
    expect(page.get_by_test_id("stHeader")).not_to_be_visible()
    context.close()


@pytest.mark.full
def test_the_exported_tour_needs_no_server(traced_app, page, tmp_path):
    page.goto(f"{traced_app}/tour?step=1")  # an earlier test may have left it at another step
    expect(page.locator(".to-title")).to_have_text("A false sentence", timeout=SLOW)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the tour as one file").click()
    saved = tmp_path / "tour.html"
    download.value.save_as(saved)
    page.goto(saved.as_uri())
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".to-title")).to_have_text("Gone without it")
    expect(page.get_by_text(re.compile(r"Without the training example"))).to_be_visible()
    page.go_back()
    expect(page.locator(".to-title")).to_have_text("Copied from a training example")
    page.go_back()
    expect(page.locator(".to-title")).to_have_text("A false sentence")


@pytest.mark.full
def test_on_a_phone_two_taps_select_words_and_a_button_traces_them(traced_app, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(f"{traced_app}/?run={FEATURED_RUN}")
    expect(response(page)).to_be_visible(timeout=SLOW)
    tokens = response(page).get_by_role("option")
    tokens.nth(6).tap()
    page.get_by_role("button", name="Select this word").tap()
    tokens.nth(12).tap()
    page.get_by_role("button", name="Where did this come from?").tap()
    page.wait_for_url(re.compile(r"/trace\?run=.*span="), timeout=SLOW)
    context.close()
