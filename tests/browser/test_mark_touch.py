"""The mark view on a touch screen: taps select and extend, drags scroll or move handles."""

import itertools
from collections.abc import Iterator

import pytest
from marking_gestures import box_of, quotes, rows
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.full]
SCRIPT = "tests/browser/pages_for_tests/mark_view_page.py"
_runs = itertools.count()


@pytest.fixture(scope="module")
def address(serve) -> str:
    return serve(SCRIPT)


@pytest.fixture
def tablet(browser: Browser) -> Iterator[Page]:
    """A page on a touch screen without a mouse."""
    context = browser.new_context(
        viewport={"width": 820, "height": 1180}, has_touch=True, is_mobile=True
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def view(tablet: Page, address: str):
    def show(case: str = "plain") -> Page:
        tablet.goto(f"{address}/?case={case}&run=touch{next(_runs)}")
        tablet.wait_for_selector(".mv[data-ready]")
        return tablet

    return show


def middle(page: Page, quote: str) -> tuple[float, float]:
    box = box_of(page, quote)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def tap(page: Page, quote: str) -> None:
    page.touchscreen.tap(*middle(page, quote))


def selected(page: Page) -> str:
    """The announced selection; empty if there is none."""
    if not page.locator(".selection").count():
        return ""
    return page.locator(".mv-live").inner_text().removeprefix("Selected: ")


def swipe(page: Page, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Send the touch events of a finger that goes down, moves and lifts."""
    touch = page.context.new_cdp_session(page)
    steps = 12
    for step in range(steps + 1):
        x, y = (a + (b - a) * step / steps for a, b in zip(start, stop, strict=True))
        kind = "touchMove" if step else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        page.wait_for_timeout(16)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.detach()


def test_a_tap_selects_a_word_a_second_tap_extends_and_the_menu_marks(view):
    page = view()
    expect(page.locator(".mv-none")).to_contain_text("Tap the first and the last")
    tap(page, "Kourou")
    assert selected(page) == "Kourou"
    tap(page, "Ariane")
    assert selected(page) == "Kourou, aboard an Ariane"
    tap(page, "launched")  # before the anchor: the selection extends backward to it
    assert selected(page) == "launched on 25 December 2021 from Kourou"
    page.locator(".mv-menu button", has_text="Not useful").tap()
    assert quotes(page) == ["launched on 25 December 2021 from Kourou"]
    line = page.locator("[data-testid=stText]").filter(has_text="put_mark")
    expect(line.filter(has_text="'label': 'not_useful'").first).to_be_visible()
    expect(page.locator(".selection")).to_have_count(0)


def test_a_tap_inside_the_selection_restarts_it_and_a_tap_on_a_single_word_clears_it(view):
    page = view()
    tap(page, "gold")
    tap(page, "segments")
    assert selected(page) == "gold-plated segments"
    tap(page, "plated")
    assert selected(page) == "plated"
    page.wait_for_timeout(600)  # two quick taps are a double-click, which selects
    tap(page, "plated")
    assert selected(page) == ""
    expect(page.locator(".mv-menu")).to_be_hidden()


def test_a_tap_on_a_mark_chooses_it_and_a_second_tap_selects_the_word(view):
    page = view("marked")
    tap(page, "Elena")
    expect(page.locator(".row.chosen .quote")).to_have_text("Dr. Elena Marchetti")
    expect(page.locator(".mv-menu .remove")).to_be_visible()
    tap(page, "Elena")
    assert selected(page) == "Elena"
    page.locator(".mv-menu button", has_text="Not useful").tap()
    expect(rows(page)).to_have_count(6)
    assert "Elena" in quotes(page)


def test_a_vertical_drag_scrolls_and_keeps_the_selection(view):
    page = view()
    page.set_viewport_size({"width": 820, "height": 600})
    tap(page, "mirror")
    before = page.locator(".mv-text").bounding_box()["y"]
    x, y = middle(page, "exoplanet")
    swipe(page, (x, y), (x, y - 300))
    after = page.locator(".mv-text").bounding_box()["y"]
    assert after < before - 100
    assert selected(page) == "mirror"


def test_a_horizontal_drag_selects(view):
    page = view()
    swipe(page, middle(page, "primary"), middle(page, "spans"))
    assert selected(page) == "primary mirror spans"


def test_the_handle_of_a_mark_can_be_dragged_by_touch(view):
    page = view("marked")
    tap(page, "Elena")
    first = page.locator(".mv-menu button").first
    first.wait_for(state="visible")
    assert first.evaluate("node => node.offsetHeight") >= 44, "too small to tap"
    handle = page.locator(".handle[data-edge=stop]").bounding_box()
    start = (handle["x"] + handle["width"] - 4, handle["y"] + handle["height"] / 2)
    x, y = middle(page, "astronomer")
    swipe(page, start, (x, y))
    assert "Dr. Elena Marchetti, its chief astronomer" in quotes(page)
