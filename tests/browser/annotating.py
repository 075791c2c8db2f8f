"""Actions of an annotator on the Annotate page."""

import re
from dataclasses import replace

from marking_gestures import press
from playwright.sync_api import Locator, Page, expect

from itlim.annotation.exchange import write_annotations
from itlim.annotation.transfer import import_annotations, rows_of_study
from itlim.store.connection import Store
from itlim.store.studies import create_study, items_of
from tests.example_studies import items, study
from tests.marked_studies import work

SLOW = 90_000


def import_study(database, aside, study_id: str, texts: list[str]) -> None:
    """Import a study with these responses, annotated by a person who takes no part in the test."""
    of = study(annotators_per_item=1)
    with Store(aside) as store:
        create_study(store, of, items(of, texts), by="cleo")
        for item in items_of(store, "dogs"):
            work(store, item, "cleo")
        rows = [replace(row, annotator="earlier") for row in rows_of_study(store, "dogs")]
        opened = [replace(row, status="open") for row in rows]
    with Store(database) as store:
        data = write_annotations(opened, "itlim-jsonl")
        taken = import_annotations(store, study_id, data, "itlim-jsonl", by="cleo")
    assert (taken.n_items, taken.rejected) == (len(texts), ())


def sit_down(page: Page, app: str, study_id: str, who: str, **query: str) -> None:
    """Open a study, enter a name unless it is remembered, and wait until an item is shown."""
    more = "".join(f"&{key}={value}" for key, value in query.items())
    page.goto(f"{app}/mark?study={study_id}{more}")
    say_name(page, who)


def say_name(page: Page, who: str) -> None:
    enter_name(page, who)
    page.wait_for_selector(".mv[data-ready]", timeout=SLOW)


def enter_name(page: Page, who: str) -> None:
    """Type a name into the field, unless the browser remembers it already."""
    name = page.get_by_role("combobox", name="Your name")
    expect(name).to_be_visible(timeout=SLOW)
    if name.input_value() != who:
        name.fill(who)
        name.press("Enter")
    expect(name).to_have_value(who, timeout=SLOW)


def text_has_focus(page: Page) -> bool:
    return bool(
        page.locator(".mv-text").evaluate_all(
            "nodes => nodes.some(node => node.getRootNode().activeElement === node)"
        )
    )


def wait_for_focus(page: Page) -> None:
    """Wait until the text has the focus, which nothing but the page may give it."""
    for _ in range(SLOW // 100):
        if text_has_focus(page):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the text did not get the focus")


def expect_saved(page: Page) -> None:
    expect(page.locator(".mv-status")).to_have_text(re.compile(r"^Saved \d"), timeout=SLOW)


def text_of(page: Page) -> str:
    return page.locator(".mv-text").inner_text()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus; a script run may take the focus away meanwhile."""
    for _ in range(80):
        focused = page.locator(selector).evaluate_all(
            "nodes => nodes.some(node => node.getRootNode().activeElement === node)"
        )
        if focused:
            return
        press(page, "Tab")
        page.wait_for_timeout(60)
    raise AssertionError(f"{selector} did not get the focus after 80 presses of Tab")


def press_until(page: Page, key: str, gone: Locator) -> None:
    """Press a key until an element is gone; a press during a script run may be lost."""
    for _ in range(SLOW // 1500):
        press(page, key)
        page.wait_for_timeout(1500)
        if gone.count() == 0:
            return
    raise AssertionError(f"{gone} is still in {page.url} after pressing {key}")


def next_item(page: Page) -> Locator:
    return page.get_by_role("button", name="Next item")


def wait_until_open(page: Page) -> None:
    """Wait until an item that can be marked is shown, in place of a submitted one."""
    expect(page.locator(".mv[data-ready]:not([data-read-only])")).to_have_count(1, timeout=SLOW)


def wait_until_done(page: Page) -> None:
    """Wait until the sheet is submitted and the page offers the next item."""
    expect(next_item(page)).to_be_visible(timeout=SLOW)
    expect(page.locator(".mv[data-read-only]")).to_have_count(1, timeout=SLOW)
