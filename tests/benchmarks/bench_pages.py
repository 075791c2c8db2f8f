"""How long a visitor waits: first page, stored run, first live answer, each in a fresh process.

    python -m tests.benchmarks.bench_pages

Times are of this machine, now; the ratio to Streamlit's own empty page says what the app adds.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, sync_playwright
from servers import CHROMIUM_ARGUMENTS, ROOT, chromium_path, streamlit_server

EMPTY = 'import streamlit as st\nst.title("empty")\nst.text("ready")\n'


def visible(page: Page, url: str, text: str) -> float:
    """Seconds from asking for the address to seeing the text."""
    started = time.monotonic()
    page.goto(url)
    page.get_by_text(text).first.wait_for(timeout=60_000)
    return time.monotonic() - started


def measure() -> dict[str, float]:
    """Seconds of each thing a visitor waits for."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS
        )
        folder = Path(scratch)
        script = folder / "empty.py"
        script.write_text(EMPTY)
        with streamlit_server(script, folder) as url:
            found["empty Streamlit page, first visit"] = visible(browser.new_page(), url, "ready")
        with streamlit_server(ROOT / "app.py", folder, ITLIM_HOME=scratch) as url:
            page = browser.new_page()
            found["first page ever (loads the demo runs)"] = visible(page, url, "stored demo run")
            found["first page, second visitor"] = visible(
                browser.new_page(), url, "stored demo run"
            )
        with streamlit_server(ROOT / "app.py", folder, ITLIM_HOME=scratch) as url:
            page = browser.new_page()
            found["first page after a restart"] = visible(page, url, "stored demo run")
            page.get_by_role("textbox", name="Instruction").fill("Who wrote Hamlet?")
            for name in ("live answer, torch not yet loaded", "live answer, torch loaded"):
                started = time.monotonic()
                page.get_by_role("textbox", name="Instruction").fill(name)
                page.get_by_role("button", name=re.compile("^Ask( Shortcut|$)")).click()
                page.locator(f"text={name}").nth(1).wait_for(timeout=120_000)
                found[name] = time.monotonic() - started
        browser.close()
    return found


if __name__ == "__main__":
    times = measure()
    reference = times["empty Streamlit page, first visit"]
    for name, seconds in times.items():
        print(f"{name:45} {seconds:6.2f} s   {seconds / reference:5.2f} x empty page")
