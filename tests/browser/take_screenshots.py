"""Take README's pictures anew: `make shots`. Look at them before you commit them."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright
from servers import CHROMIUM_ARGUMENTS, ROOT, chromium_path, streamlit_server

from itlim.ui.inspect_view import FEATURED_FILE

SHIFTED_TOKEN = 6
TRACED = "22-46"
"""The words of the featured answer whose sources are shown."""


def take(docs: Path) -> None:
    """Inspect and one token's details in light, Compare in dark, Trace in both."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        streamlit_server(ROOT / "app.py", Path(scratch), ITLIM_HOME=scratch) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS
        )
        size = {"width": 1360, "height": 900}
        light = browser.new_page(viewport=size, color_scheme="light")
        light.goto(url)
        tokens = light.get_by_role("listbox", name="Tokens of the response")
        tokens.wait_for(timeout=60_000)
        light.wait_for_timeout(2500)
        light.screenshot(path=docs / "inspect-light.png")
        tokens.get_by_role("option").nth(SHIFTED_TOKEN).hover()
        light.wait_for_timeout(700)
        light.screenshot(path=docs / "token-light.png")
        dark = browser.new_page(viewport=size, color_scheme="dark")
        dark.goto(f"{url}/compare")
        dark.get_by_text("Inspect this answer").nth(2).wait_for(timeout=60_000)
        dark.wait_for_timeout(2000)
        dark.screenshot(path=docs / "compare-dark.png")
        run = FEATURED_FILE.read_text(encoding="utf-8").strip()
        for scheme, page in (("light", light), ("dark", dark)):
            page.goto(f"{url}/trace?run={run}&span={TRACED}")
            page.locator(".tr-card").first.wait_for(timeout=120_000)
            page.get_by_text("Embeddings of demo").wait_for(state="detached", timeout=120_000)
            page.wait_for_timeout(3000)
            page.get_by_text("Candidates", exact=True).first.scroll_into_view_if_needed()
            page.screenshot(path=docs / f"trace-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    take(ROOT / "docs")
