"""The HTML report of the findings in a browser: both themes, a phone, and saved images."""

import json

import pytest

from itlim.findings.estimates import Estimate
from itlim.settings import DEMO_FOLDER
from itlim.ui.findings.report import findings_report

pytestmark = [pytest.mark.browser, pytest.mark.full]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    found = []
    for path in sorted((DEMO_FOLDER / "findings").glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))
        if rows[0]["pair"] in ("demo-sft", "demo-lft"):
            found += [Estimate(**row | {"cases": tuple(row["cases"])}) for row in rows]
    assert {one.pair for one in found} == {"demo-sft", "demo-lft"}
    path = tmp_path_factory.mktemp("report") / "findings.html"
    path.write_text(findings_report(found, {}, []), encoding="utf-8")
    return path.as_uri()


def test_figures_are_drawn_in_the_theme_and_fit_a_phone(page, report):
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(report)
    page.locator(".main-svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    dark = page.locator(".main-svg").first.evaluate("one => getComputedStyle(one).backgroundColor")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(
        "dark => getComputedStyle(document.querySelector('.main-svg')).backgroundColor !== dark",
        arg=dark,
    )


def test_a_figure_is_saved_as_svg_and_png_with_the_color_of_the_page(page, report, tmp_path):
    page.emulate_media(color_scheme="light")
    page.goto(report)
    for name, start in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        button = page.locator(f'[data-title="Save as {name}"]').first
        button.wait_for(state="attached")
        with page.expect_download() as waiting:
            button.click(force=True)
        path = tmp_path / name
        waiting.value.save_as(path)
        assert waiting.value.suggested_filename.endswith(f".{name.lower()}")
        assert path.read_bytes().startswith(start)
    assert "fill: rgb(255, 255, 255); fill-opacity: 1" in (tmp_path / "SVG").read_text()
