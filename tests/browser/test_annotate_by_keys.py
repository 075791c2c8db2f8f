"""An annotator's session with the keyboard alone; the name and the focus survive each step."""

import pytest
from annotating import (
    SLOW,
    enter_name,
    expect_saved,
    import_study,
    next_item,
    text_has_focus,
    text_of,
    wait_for_focus,
    wait_until_done,
)
from marking_gestures import press, rows
from playwright.sync_api import Browser, Page, expect
from servers import ROOT, streamlit_server, warm_up

pytestmark = [pytest.mark.browser, pytest.mark.full]
N_ITEMS = 20


@pytest.fixture
def served(tmp_path):
    """Address and database of an app with a study of 20 texts and one of a single text."""
    database = tmp_path / "test.duckdb"
    texts = [f"Answer number {number} is wrong." for number in range(N_ITEMS)]
    import_study(database, tmp_path / "aside-1.duckdb", "many", texts)
    import_study(database, tmp_path / "aside-2.duckdb", "one", texts[:1])
    with streamlit_server(ROOT / "app.py", tmp_path, ITLIM_HOME=str(tmp_path)) as address:
        warm_up(address)
        yield address, database


@pytest.fixture
def visitor(browser: Browser):
    """A visitor whose browser remembers nothing yet."""
    own = browser.new_context(viewport={"width": 1360, "height": 900})
    own.set_default_timeout(30_000)
    page = own.new_page()
    yield page
    own.close()


def mark_a_word_and_submit(page: Page) -> None:
    press(page, "Shift+ArrowRight", "1")
    expect(rows(page)).to_have_count(1)
    press(page, "s")
    wait_until_done(page)


def go_to_next(page: Page, after: str) -> None:
    """Press the key until another text is shown; a press during a script run may be lost."""
    for _ in range(SLOW // 3000):
        press(page, "Control+Enter")
        for _ in range(30):
            page.wait_for_timeout(100)
            if page.locator(".mv-text").all_inner_texts() != [after]:
                return
    raise AssertionError(f"no other item after {after!r}")


def test_twenty_items_need_neither_the_mouse_nor_tab(served, visitor):
    address, _ = served
    visitor.goto(f"{address}/mark?study=many")
    field = visitor.get_by_role("combobox", name="Your name")
    expect(field).to_be_focused(timeout=SLOW)
    visitor.keyboard.type("ann")
    press(visitor, "Enter")
    for number in range(N_ITEMS):
        wait_for_focus(visitor)
        text = text_of(visitor)
        mark_a_word_and_submit(visitor)
        assert text_has_focus(visitor), "after the submission"
        if number == N_ITEMS // 2:
            visitor.reload()
            expect(field).to_have_value("ann", timeout=SLOW)
            wait_until_done(visitor)
            wait_for_focus(visitor)
        go_to_next(visitor, text)
    expect(visitor.get_by_text("You have finished all open batches")).to_be_visible(timeout=SLOW)


def test_a_submission_is_undone_by_a_key_and_the_text_has_the_focus_again(served, visitor):
    address, _ = served
    visitor.goto(f"{address}/mark?study=one")
    enter_name(visitor, "ann")
    wait_for_focus(visitor)
    press(visitor, "s")
    expect(visitor.locator(".mv-submit")).to_contain_text("Again to confirm")
    press(visitor, "s")
    wait_until_done(visitor)
    expect(visitor.get_by_text("nothing wrong here.")).to_be_visible()
    for _ in range(10):
        press(visitor, "u")
        visitor.wait_for_timeout(1500)
        if next_item(visitor).count() == 0:
            break
    expect(next_item(visitor)).to_have_count(0, timeout=SLOW)
    wait_for_focus(visitor)
    press(visitor, "Shift+ArrowRight", "2")
    expect(rows(visitor)).to_have_count(1)
    expect_saved(visitor)


def test_who_marks_too_late_learns_who_has_the_item_and_keeps_their_mark(served, browser):
    address, _ = served
    people = {}
    for who in ("ann", "bob", "dan"):  # the study allows two
        own = browser.new_context(viewport={"width": 1360, "height": 900})
        own.add_cookies([{"name": "itlim_name", "value": who, "url": address}])
        people[who] = own.new_page()
        people[who].goto(f"{address}/mark?study=one")
        people[who].wait_for_selector(".mv[data-ready]", timeout=SLOW)
    for page in people.values():
        wait_for_focus(page)
        press(page, "Shift+ArrowRight", "1")
        expect(rows(page)).to_have_count(1)
        if page is not people["dan"]:
            expect_saved(page)
    late = people["dan"]
    told = late.get_by_role("alert").filter(has_text="ann and bob have taken this item")
    expect(told).to_be_visible(timeout=SLOW)
    assert rows(late).count() == 1
    expect(next_item(late)).to_be_visible()
    for page in people.values():
        page.context.close()


def test_the_field_for_the_first_name_invites_to_type_it(traced_app, visitor):
    visitor.goto(f"{traced_app}/mark")
    visitor.get_by_role("combobox", name="Your name").click(timeout=SLOW)
    expect(visitor.get_by_role("option", name="Type a name, then press Enter")).to_be_visible()
    expect(visitor.get_by_text("No results")).to_have_count(0)
