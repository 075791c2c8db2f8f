"""Take the README's screenshots (`make shots`). Look at them before you commit them."""

import sys
import tempfile
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from example_runs import FEATURED_RUN
from playwright.sync_api import Page, sync_playwright
from servers import CHROMIUM_ARGUMENTS, ROOT, chromium_path, streamlit_server

from itlim.annotation.protocol import item_of_run, plan_items
from itlim.annotation.recording import AnnotationSession
from itlim.records import ANYONE, AnnotationEvent, EventKind, Role, Study
from itlim.settings import DEMO_FOLDER
from itlim.store.connection import Store
from itlim.store.runs import list_runs, require_run
from itlim.store.shipped import load_shipped_runs
from itlim.store.studies import create_study, items_of
from itlim.ui.mark.new_study import GUIDELINE

SHIFTED_TOKEN = 6
EVERY_MODELS_QUESTION = "Tell+me+who+founded+Toyota."
"""A question that all models of the demo family have answered."""
TRACED = "22-46"
"""Code-point range of the featured answer whose sources are shown."""


def make_study(database: Path) -> None:
    """Create a study of answers, annotated by two people."""
    of = Study(
        study_id="first-round",
        title="First round",
        guideline=GUIDELINE,
        annotators_per_item=3,
        people={"zoe": Role.ADJUDICATOR, ANYONE: Role.ANNOTATOR},
    )
    with Store(database) as store:
        load_shipped_runs(store, [DEMO_FOLDER / "runs"])
        runs = [
            require_run(store, run_id)
            for run_id in list_runs(store, pairs=["demo-sft"], search="Wheeler")[
                "run_id"
            ].to_pylist()
        ]
        create_study(
            store, of, plan_items([item_of_run(r, of.study_id) for r in runs], of), by="ann"
        )
        for item in items_of(store, of.study_id):
            for who, quote in (("ann", "Tony and Maureen Wheeler"), ("bea", "Maureen Wheeler")):
                _mark(AnnotationSession(store=store, study=of, item=item, annotator=who), quote)


def _mark(session: AnnotationSession, quote: str) -> None:
    start = session.item.text.find(quote)
    payload = {"id": "m1", "start": start, "stop": start + len(quote), "quote": quote}
    edits = [(EventKind.PUT_MARK, payload | {"label": "not_factual"})]
    edits.append((EventKind.SUBMIT, {"nothing_wrong": False}))
    if start < 0:
        edits = [(EventKind.SUBMIT, {"nothing_wrong": True})]
    events = [
        AnnotationEvent(
            event_id=uuid.uuid4().hex,
            study_id=session.study.study_id,
            item_id=session.item.item_id,
            annotator=session.annotator,
            kind=kind,
            payload=said,
        )
        for kind, said in edits
    ]
    session.record(events, base=0)


def annotation(light: Page, dark: Page, url: str, docs: Path) -> None:
    """Take Mark in the light theme, with a selection, and Adjudicate in the dark theme."""
    for page, path in ((light, "mark"), (dark, "adjudicate")):
        page.goto(f"{url}/{path}")
        name = page.get_by_role("combobox", name="Your name")
        name.fill("cleo" if path == "mark" else "zoe")
        name.press("Enter")
        page.wait_for_selector(".mv[data-ready]", timeout=60_000)
        page.wait_for_timeout(2000)
    light.locator(".mv-text").focus()
    for key in ("Home", *["ArrowRight"] * 4, *["Shift+ArrowRight"] * 4, "1"):
        light.keyboard.press(key)
    light.wait_for_timeout(2500)
    light.screenshot(path=docs / "mark-light.png")
    dark.screenshot(path=docs / "adjudicate-dark.png")


def tests(light: Page, dark: Page, url: str, docs: Path) -> None:
    """Take rephrased questions in the light theme and a stored retraining in the dark theme."""
    run = FEATURED_RUN
    light.goto(f"{url}/test?lab=Ask+differently&run={run}&span={TRACED}")
    light.get_by_role("textbox", name="Your own wordings, one per line").fill("Who founded Toyota?")
    light.keyboard.press("Tab")
    light.get_by_role("button", name="Ask 3 questions").click(timeout=60_000)
    light.get_by_role("heading", name="Does the phrase recur?").wait_for(timeout=120_000)
    light.wait_for_timeout(6000)
    light.get_by_role("heading", name="Does the phrase recur?").scroll_into_view_if_needed()
    light.mouse.move(600, 500)
    light.mouse.wheel(0, 520)
    light.wait_for_timeout(1500)
    light.screenshot(path=docs / "test-light.png")
    dark.goto(f"{url}/test?run={run}&span={TRACED}")
    dark.locator(".st-key-measured").wait_for(timeout=120_000)
    dark.wait_for_timeout(5000)
    dark.screenshot(path=docs / "retrained-dark.png")


def take(docs: Path) -> None:
    """Take all screenshots, each in the light or the dark theme."""
    with tempfile.TemporaryDirectory() as scratch:
        make_study(Path(scratch) / "test.duckdb")
        _take(docs, scratch)


def _take(docs: Path, scratch: str) -> None:
    with (
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
        light.get_by_role("button", name="Where did the words come from?").wait_for(timeout=60_000)
        light.wait_for_timeout(4000)
        light.screenshot(path=docs / "ask-light.png")
        tokens.get_by_role("option").nth(SHIFTED_TOKEN).hover()
        light.wait_for_timeout(700)
        light.screenshot(path=docs / "token-light.png")
        dark = browser.new_page(viewport=size, color_scheme="dark")
        dark.goto(f"{url}/?all=true&ask={EVERY_MODELS_QUESTION}")
        dark.get_by_text("Open this answer by").nth(2).wait_for(timeout=60_000)
        dark.wait_for_timeout(2000)
        dark.screenshot(path=docs / "models-dark.png")
        light.goto(f"{url}/trace?run={FEATURED_RUN}&span={TRACED}")
        light.locator(".tr-card").first.wait_for(timeout=120_000)
        light.get_by_text("Embeddings of demo").wait_for(state="detached", timeout=120_000)
        light.wait_for_timeout(3000)
        light.screenshot(path=docs / "trace-light.png")
        light.goto(f"{url}/tour?step=2")
        light.locator(".to-title").wait_for(timeout=60_000)
        light.wait_for_timeout(2500)
        light.screenshot(path=docs / "tour-light.png")
        annotation(light, dark, url, docs)
        tests(light, dark, url, docs)
        browser.close()


if __name__ == "__main__":
    take(ROOT / "docs")
