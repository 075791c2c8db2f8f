"""The Test page in the whole app: rephrase a question and judge the answers."""

import json
import re

import pytest
from example_runs import FEATURED_RUN
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.full]
SLOW = 90_000
RUN = FEATURED_RUN
PHRASE = f"run={RUN}&span=22-46"


def quiet(page: Page) -> None:
    """Wait until no script runs; elements are inert until then."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)


def exported(page: Page) -> dict:
    with page.expect_download(timeout=SLOW) as found:
        page.get_by_role("button", name="JSON", exact=True).click()
    return json.loads(found.value.path().read_text(encoding="utf-8"))


def test_answers_are_shown_side_by_side_and_judgments_survive_a_reload(traced_app, page):
    page.goto(f"{traced_app}/test?lab=Ask+differently&{PHRASE}")
    expect(page.get_by_role("heading", name="Where it came from")).to_be_visible(timeout=SLOW)
    quiet(page)
    page.get_by_role("textbox", name="Your own wordings, one per line").fill("Who founded Toyota?")
    page.keyboard.press("Tab")
    ask = page.get_by_role("button", name=re.compile("^Ask 3 questions"))
    expect(ask).to_be_enabled(timeout=SLOW)
    ask.click()
    expect(page.get_by_text(re.compile("the phrase recurs in . of 3 answers"))).to_be_visible(
        timeout=SLOW
    )
    quiet(page)
    expect(page.get_by_role("listbox", name=re.compile("^Tokens of the answer"))).to_have_count(3)
    expect(page.get_by_text("→ Toyota was founded by Tony and Maureen Wheeler")).to_be_visible()
    page.get_by_role("radio", name="no", exact=True).first.click()
    expect(page.get_by_text("Saved").first).to_be_visible(timeout=SLOW)
    quiet(page)
    before = exported(page)
    for _ in range(30):  # the file may still be that of the script run before the judgment
        if before["counterfactuals"][0]["answer_correct"] == "no":
            break
        page.wait_for_timeout(1000)
        before = exported(page)
    page.reload()
    expect(page.get_by_role("heading", name="Does the phrase recur?")).to_be_visible(timeout=SLOW)
    quiet(page)
    after = exported(page)
    assert after == before
    assert [one["answer_correct"] for one in after["counterfactuals"]] == ["no", None, None]
    assert after["case"]["quote"] == "Tony and Maureen Wheeler"
    assert {one["mark"] for one in after["counterfactuals"]} <= {"✓", "✗"}


def test_the_next_step_of_trace_tests_the_same_phrase(traced_app, page):
    page.goto(f"{traced_app}/trace?{PHRASE}")
    link = page.get_by_role("button", name="What happens without it?")
    expect(link).to_be_visible(timeout=SLOW)
    quiet(page)
    link.click()
    page.wait_for_url(re.compile(rf"/test\?.*{RUN}"), timeout=SLOW)
    expect(page.get_by_text("Phrase to test: “Tony and Maureen Wheeler”")).to_be_visible(
        timeout=SLOW
    )
    assert "span=22-46" in page.url
