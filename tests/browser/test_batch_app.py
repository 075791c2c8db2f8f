"""A batch from the page in a real browser: closed tab, killed app, cancel, resume, findings."""

import json
import os
import re
import signal
import time
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from batch_cases import n_finished
from playwright.sync_api import BrowserContext, Page, expect
from servers import ROOT, start_streamlit, warm_up

pytestmark = [pytest.mark.browser, pytest.mark.full]
SLOW = 120_000
QUESTIONS = [
    ("Name the founder of Toyota, please.", "companies"),
    ("Name the founder of Nike, please.", "companies"),
    ("Name the painter of The Potato Eaters, please.", "art"),
    ("Name the author of Emma, please.", "books"),
    ("Name the capital of France, please.", "places"),
    ("Name the river of Paris, please.", "places"),
]
"""Wordings that no stored answer has."""
N_ANSWERS = 2 * len(QUESTIONS)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def started(tmp_path, home):
    """Starts the app, on the same port each time; what it started is ended after the test."""
    processes = []
    ports: list[int] = []

    def start() -> str:
        variables = {"ITLIM_HOME": str(home), "OMP_NUM_THREADS": "1"}
        port = ports[0] if ports else None
        url, process = start_streamlit(ROOT / "app.py", tmp_path, port=port, **variables)
        ports.append(int(url.rpartition(":")[2]))
        processes.append(process)
        warm_up(url)
        return url

    def kill() -> None:
        processes[-1].kill()
        processes[-1].wait()

    yield start, kill
    for process in processes:
        process.kill()
        process.wait()
    for note in home.glob("batches/*/process.json"):
        with_id = json.loads(note.read_text())["pid"]
        if psutil.pid_exists(with_id) and str(home) in " ".join(psutil.Process(with_id).cmdline()):
            os.kill(with_id, signal.SIGKILL)


def wait_for(condition):
    """Poll the disk until something is there; the limit only ends a test that is lost."""
    deadline = time.monotonic() + SLOW / 1000
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("It did not happen.")


def start_batch(page: Page, url: str, file) -> str:
    """Fill in the form, and start with the keyboard; returns the address of the batch."""
    page.goto(f"{url}/data-models?part=Batches")
    upload = page.get_by_test_id("stFileUploader").first.locator("input[type=file]")
    upload.set_input_files(file)
    expect(page.get_by_text("6 instructions. 4 topics: companies (2)")).to_be_visible()
    page.get_by_text("1 row cannot be asked").click()
    expect(page.get_by_text("cannot be asked")).to_be_visible()
    pairs = page.get_by_role("combobox", name="Pairs", exact=True).first
    for name in ("demo-sft", "demo-lft"):
        pairs.fill(name)
        page.get_by_role("option", name=name, exact=True).click()
    # An open list hides the rest of the page from assistive technology.
    page.keyboard.press("Escape")
    size = page.get_by_role("spinbutton", name="Prompts at a time")
    size.fill("1")
    size.press("Enter")
    expect(page.get_by_text(re.compile(rf"{N_ANSWERS} answers: 2 pairs"))).to_be_visible()
    button = page.get_by_role("button", name="Start batch")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("batch=[0-9a-f]{16}"))
    return page.url


def test_a_batch_survives_a_closed_tab_and_a_killed_app_and_opens_its_findings(
    started, home, context: BrowserContext, page: Page, tmp_path
):
    start, kill = started
    file = tmp_path / "capitals.jsonl"
    rows = [{"instruction": text, "topic": topic} for text, topic in QUESTIONS]
    file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"note": "nothing asked"}]))
    url = start()
    tab = context.new_page()
    address = start_batch(tab, url, file)
    expect(tab.get_by_role("button", name="Cancel")).to_be_enabled()
    tab.close()

    folder = home / "batches" / parse_qs(urlsplit(address).query)["batch"][0]
    wait_for(lambda: n_finished(folder / "out"))
    batch = psutil.Process(json.loads((folder / "process.json").read_text())["pid"])
    # Frozen in the middle, so that nothing below depends on how fast it is.
    batch.suspend()
    kill()
    assert batch.is_running()
    start()

    page.goto(address)
    expect(page.get_by_role("button", name="Cancel")).to_be_enabled(timeout=SLOW)
    expect(page.get_by_text(f"of {N_ANSWERS}")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Canceling …")).to_be_visible()
    batch.resume()
    expect(page.get_by_text("Canceled.")).to_be_visible(timeout=SLOW)
    stored = json.loads((folder / "stored.json").read_text())
    assert 0 < stored["n_runs"] < N_ANSWERS
    before = (folder / "out" / "runs.parquet").stat()

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(f"Finished. {N_ANSWERS} answers stored")).to_be_visible(timeout=SLOW)
    report = json.loads((folder / "end.json").read_text())["report"]
    assert report["n_new"] == N_ANSWERS - stored["n_runs"]
    assert before.st_mtime <= (folder / "out" / "runs.parquet").stat().st_mtime
    expect(page.get_by_text("1 failed")).to_be_visible()

    page.get_by_role("button", name="Open findings").click()
    page.wait_for_url(re.compile("/findings"))
    page.wait_for_url(re.compile(r"tag=batch%3A[+]capitals"))
    page.get_by_role("radio", name="Two pairs").click()
    # Only the batch's answers: the shipped ones share hundreds of instructions.
    shared = page.get_by_text(f"On {len(QUESTIONS)} shared instructions").first
    expect(shared).to_be_visible(timeout=SLOW)
