"""Charts in a real browser: a click on the curve reports a token."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.full]


def test_a_click_on_the_curve_reports_the_position(page: Page, serve):
    page.goto(serve("tests/browser/pages_for_tests/charts_page.py"))
    points = (
        page.locator(".js-plotly-plot").first.locator(".scatterlayer .trace").last.locator(".point")
    )
    expect(points.first).to_be_visible(timeout=30_000)
    expect(page.locator(".js-plotly-plot")).to_have_count(6)
    box = points.nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text(re.compile(r"clicked=\d+"))).to_be_visible()
