"""The two-sided trace view and its overview strip, mounted by Streamlit on a test page."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.full]
SCRIPT = "tests/browser/pages_for_tests/trace_view_page.py"


@pytest.fixture(scope="session")
def address(serve) -> str:
    return serve(SCRIPT)


@pytest.fixture
def view(page: Page, address: str):
    """`view(query)` opens a case and waits until it is painted."""

    def show(query: str = "case=toyota") -> Page:
        page.goto(f"{address}/?{query}")
        page.wait_for_selector(".trace:not(.overview)[data-ready]")
        page.wait_for_selector(".overview[data-ready]")
        return page

    return show


def lit(page: Page, side: str) -> list[str]:
    return page.locator(f"{side} mark.lit").all_inner_texts()


def card(page: Page, number: int):
    return page.locator(".tr-card").nth(number - 1)


def test_hovering_a_copied_run_highlights_it_on_both_sides(view):
    page = view()
    card(page, 1).locator("mark").first.hover()
    words = "was founded by Tony and Maureen Wheeler. The company was started"
    assert lit(page, ".tr-response") == lit(page, ".tr-card") == [words]
    expect(page.locator(".tr-runs li.lit")).to_have_count(1)
    page.locator(".tr-verdict").hover()
    expect(page.locator(".lit")).to_have_count(0)
    page.locator(".tr-response mark").first.hover()
    assert lit(page, ".tr-card") == [words]


def test_hovering_another_candidate_shows_its_runs_until_the_pointer_leaves(view):
    page = view()
    card(page, 3).locator("mark").nth(1).hover()
    assert lit(page, ".tr-response") == ["The company was started"]
    expect(page.locator(".tr-response mark")).to_have_count(2)
    page.locator(".tr-verdict").hover()
    expect(page.locator(".tr-response mark")).to_have_count(1)
    expect(page.locator(".tr-card.chosen")).to_have_attribute("data-id", "demo-156")


def test_keys_move_between_candidates_and_runs_and_are_reported_to_python(view):
    page = view()
    card(page, 1).locator("article").focus()
    for key in ("ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    chosen = page.locator(".tr-card.chosen")
    expect(chosen).to_have_attribute("data-id", "demo-34")
    expect(chosen.locator("article")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert lit(page, ".tr-response") == ["The company was started"]
    expect(page.locator(".trace:not(.overview) .tr-live")).to_contain_text("Run 2")
    expect(page.get_by_text("candidate=demo-34")).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_text("others=demo-34")).to_be_visible()
    page.keyboard.press("End")
    expect(chosen).to_have_attribute("data-id", "demo-100")
    expect(chosen.locator("article")).to_have_attribute("aria-current", "true")


def test_the_url_names_the_candidate_that_is_chosen_at_first(view):
    page = view("case=toyota&cand=demo-61")
    expect(page.locator(".tr-card.chosen")).to_have_attribute("data-id", "demo-61")


def test_dataset_text_is_never_executed_and_is_complete_when_unfolded(view):
    page = view("case=awkward")
    expect(card(page, 1)).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator(".trace img").count() == 0
    field = card(page, 1).locator(".field.response .field-text")
    expect(field).to_contain_text("مرحبا بالعالم")
    expect(field.locator(".chip")).to_have_text(["202E", "202C"])
    expect(field).not_to_contain_text("The end")
    card(page, 1).locator("article").focus()
    page.keyboard.press("Enter")
    expect(field).to_contain_text("The end 🙂 of Tony")
    expect(card(page, 1).locator(".fold")).to_have_count(0)
    assert lit(page, ".tr-card") == []


def test_no_source_found_is_stated(view):
    page = view("case=none")
    expect(page.locator(".tr-verdict")).to_have_text(
        "No source found: no rare word of the span occurs in the dataset."
    )
    expect(page.locator(".tr-none")).to_be_visible()
    expect(page.locator(".tr-response .in-span")).to_have_text("plugh")


def test_a_match_that_chance_explains_is_stated_in_words(view):
    page = view("case=chance")
    expect(page.locator(".tr-verdict")).to_have_text(
        "No source found: chance explains the best match."
    )
    expect(page.locator(".tr-lines")).to_contain_text("40 in 100 spans of this length")
    expect(card(page, 1).locator(".level")).to_contain_text("weak")


def test_a_click_on_a_suggested_span_reports_it(view):
    page = view()
    page.locator(".ov-worth button").click()
    expect(page.get_by_text("asked=(7, 46)")).to_be_visible()


def test_influence_has_its_own_bar_although_its_weight_is_zero(view):
    page = view("case=influence")
    shares, values = [], []
    for number in (1, 2, 3, 4):
        card(page, number).click()
        row = card(page, number).locator(".evidence tr", has_text="Influence")
        shares.append(row.locator(".bar i").evaluate("bar => bar.style.width"))
        values.append(row.locator(".value").inner_text())
        expect(row.locator(".adds")).to_have_text("" if number == 4 else "weight 0")
    assert shares == ["25%", "100%", "0%", "0%"]
    assert "0.25" in values[2]
    assert values[3] == "not measured"
    expect(page.locator(".tr-lines")).to_contain_text("Influence is measured over all weights.")
