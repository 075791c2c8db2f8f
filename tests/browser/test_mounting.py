"""How Streamlit calls a view: at every change, cleaning up a call that a later one replaced."""

import pytest
from marking_gestures import focus_text, press, quotes, rows
from playwright.sync_api import Page, expect

from itlim.components.marking import assets
from itlim.components.marking.payload import mark_payload
from itlim.records import DEFAULT_LABELS

pytestmark = pytest.mark.browser
TEXT = "The Cheshire Cat says that every dog is mad."
LOAD = """async ([code, data]) => {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const { default: mount } = await import(url);
  window.sent = [];
  window.call = () => mount({
    parentElement: document.body, data,
    setStateValue: (name, value) => window.sent.push([name, value]),
  });
}"""


@pytest.fixture
def view(page: Page) -> Page:
    """The mark view in a page without a server; `call()` mounts it as Streamlit does."""
    payload = mark_payload(
        doc="study/item/ann", text=TEXT, labels=DEFAULT_LABELS, marks=(), tokens=(), version=0
    )
    page.clock.install()
    page.set_content(f"<style>{assets.style_sheet()}</style>{assets.markup()}")
    page.evaluate(LOAD, [assets.streamlit_script(), payload])
    return page


def test_the_view_still_handles_keys_after_a_replaced_call_is_cleaned_up(view):
    view.evaluate("() => { const undo = call(); call(); undo(); }")
    view.wait_for_selector(".mv[data-ready]")
    focus_text(view)
    press(view, "Shift+ArrowRight", "1")
    assert quotes(view) == ["The"]
    view.wait_for_function("() => sent.length === 1")
    press(view, "Delete")
    expect(rows(view)).to_have_count(0)


def test_a_call_that_is_cleaned_up_before_the_next_leaves_no_stale_drawing(view):
    view.evaluate("() => call()")
    focus_text(view)
    press(view, "Shift+ArrowRight", "1")
    view.evaluate("() => { const undo = call(); undo(); call(); }")
    expect(view.locator(".bar.label-0")).to_have_count(1)
    press(view, "Delete")
    expect(rows(view)).to_have_count(0)
    expect(view.locator(".bar")).to_have_count(0)


def test_a_view_stops_sending_when_its_element_is_removed(view):
    view.evaluate("() => { window.undo = call(); }")
    focus_text(view)
    press(view, "Shift+ArrowRight", "1")
    view.wait_for_function("() => sent.length === 1")
    view.evaluate("() => { document.querySelector('.mv').remove(); undo(); undo(); }")
    view.clock.run_for(6_500)  # an active queue sends again after five seconds
    assert view.evaluate("() => sent.length") == 1


def test_an_unanswered_edit_is_sent_again_after_the_clock_was_set_back(view):
    view.evaluate("() => call()")
    focus_text(view)
    press(view, "Shift+ArrowRight", "1")
    view.wait_for_function("() => sent.length === 1")
    view.clock.set_system_time("2020-01-01T00:00:00Z")
    view.clock.run_for(6_500)
    assert view.evaluate("() => sent.length") == 2
    view.clock.run_for(4_000)
    expect(view.get_by_role("alert").filter(has_text="does not respond")).to_be_visible()
