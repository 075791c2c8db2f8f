"""The connection is cut and restored: marks, notes and questions on the page are still there."""

import re

import pytest
from annotating import SLOW, expect_saved, import_study, say_name, sit_down
from dropping_proxy import DroppingProxy
from marking_gestures import drag, press, quotes, rows
from playwright.sync_api import Page, expect
from servers import ROOT, start_streamlit, streamlit_server, warm_up
from streamlit.proto.BackMsg_pb2 import BackMsg

from itlim.store.annotation_events import events_of
from itlim.store.connection import Store

pytestmark = [pytest.mark.browser, pytest.mark.full]
TEXT = "🐶 Smallest dog breed is the Cheshire Cat."
WORDS = ("Smallest", "dog", "breed", "Cheshire")
QUESTION = "Who wrote Hamlet?"


STUDIES = ("dogs", "cats", "idle")
QUIET_MS = 2000
"""Time after which the page has sent what it sends when it opens."""


def with_studies(home):
    for name in STUDIES:
        import_study(home / "test.duckdb", home / f"aside-{name}.duckdb", name, [TEXT])
    return home


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """A proxy in front of the app, whose database has a study for each test that marks."""
    home = with_studies(tmp_path_factory.mktemp("home"))
    with streamlit_server(ROOT / "app.py", home, ITLIM_HOME=str(home)) as address:
        warm_up(address)
        cut = DroppingProxy(address)
        yield cut
        cut.drop()
    assert stored_quotes(home, "cats") == list(WORDS)


def stored_quotes(home, study) -> list[str]:
    """The quotes that ann's stored edits put, in order; no edit may be stored twice."""
    with Store(home / "test.duckdb") as store:
        logs = events_of(store, study).items()
    edits = [one for (_, who), log in logs if who == "ann" for one in log]
    assert len({one.event_id for one in edits}) == len(edits)
    return [one.payload["quote"] for one in edits if one.kind == "put_mark"]


def expect_not_connected(page: Page) -> None:
    banner = page.get_by_role("alert").filter(has_text="kept in this browser; retrying")
    expect(banner).to_be_visible(timeout=SLOW)


def test_marks_and_a_note_made_without_a_connection_are_saved_once_it_is_back(proxy, page):
    sit_down(page, proxy.address, "dogs", "ann")
    drag(page, "Smallest", "Smallest")
    press(page, "1", "Escape")
    expect_saved(page)
    proxy.drop()
    drag(page, "Cheshire", "Cat")
    press(page, "2")
    expect(rows(page)).to_have_count(2)
    note = rows(page).last.locator(".note")
    note.click()
    note.press_sequentially("No such breed")
    expect_not_connected(page)
    proxy.restore()
    expect_saved(page)
    expect(note).to_have_value("No such breed")
    note.press("Tab")
    expect_saved(page)
    assert quotes(page) == ["Smallest", "Cheshire Cat"]
    page.reload()
    say_name(page, "ann")
    expect(rows(page).last.locator(".note")).to_have_value("No such breed")


def test_every_mark_is_stored_once_although_its_message_or_answer_is_cut_off(proxy, page):
    sit_down(page, proxy.address, "cats", "ann")
    for number, word in enumerate(WORDS, start=1):
        drag(page, word, word)
        press(page, "1", "Escape")
        expect(rows(page)).to_have_count(number)
        proxy.drop()
        page.wait_for_timeout(100 * number)
        proxy.restore()
        # A page whose drawing was cut off may ask for the name again.
        say_name(page, "ann")
        expect_saved(page)
        expect(rows(page)).to_have_count(number, timeout=SLOW)
    page.wait_for_function("sessionStorage.length === 0", timeout=SLOW)
    assert quotes(page) == list(WORDS)


def test_a_page_at_rest_is_drawn_again_when_its_connection_is_back(proxy, page):
    requests: list[BackMsg] = []
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framesent", lambda sent: requests.append(BackMsg.FromString(sent))
        ),
    )
    sit_down(page, proxy.address, "idle", "ann")
    page.wait_for_timeout(QUIET_MS)
    before = len(requests)
    proxy.drop()
    page.wait_for_timeout(500)
    proxy.restore()
    for _ in range(SLOW // 500):
        if len(requests) > before:
            break
        page.wait_for_timeout(500)
    drawn = requests[before].rerun_script
    assert drawn.page_script_hash
    assert not drawn.fragment_id, "the whole page, not only the fragment that ran last"


def test_the_page_goes_on_without_a_reload_after_the_server_was_killed_and_started_again(
    tmp_path, page
):
    study_home = with_studies(tmp_path)
    address, process = start_streamlit(ROOT / "app.py", study_home, ITLIM_HOME=str(study_home))
    try:
        warm_up(address)
        sit_down(page, address, "dogs", "ann")
        drag(page, "Smallest", "Smallest")
        press(page, "1", "Escape")
        expect_saved(page)
        process.kill()
        process.wait()
        drag(page, "Cheshire", "Cat")
        press(page, "2", "Escape")
        expect_not_connected(page)
        port = int(address.rpartition(":")[2])
        _, process = start_streamlit(
            ROOT / "app.py", study_home, port=port, ITLIM_HOME=str(study_home)
        )
        expect(page.locator(".mv[data-ready]")).to_be_visible(timeout=SLOW)
        expect_saved(page)
        assert quotes(page) == ["Smallest", "Cheshire Cat"]
        page.goto("about:blank")
    finally:
        process.kill()
        process.wait()
    assert stored_quotes(study_home, "dogs") == ["Smallest", "Cheshire Cat"]


def test_a_question_and_the_answer_under_way_survive_a_dropped_connection(proxy, page):
    page.goto(proxy.address)
    field = page.get_by_role("textbox", name="Instruction")
    expect(field).to_be_visible(timeout=SLOW)
    field.fill(QUESTION)
    proxy.drop()
    page.wait_for_timeout(1000)
    proxy.restore()
    ask = page.get_by_role("button", name=re.compile("^Ask( Shortcut|$)"))
    expect(ask).to_be_enabled(timeout=SLOW)
    expect(field).to_have_value(QUESTION)
    before = page.url
    ask.click()
    page.wait_for_function("url => location.href !== url", arg=before, timeout=SLOW)
    proxy.drop()
    page.wait_for_timeout(1000)
    proxy.restore()
    run = re.search(r"run=([0-9a-f]+)", page.url)[1]
    expect(page.get_by_text(f"· run {run}")).to_be_attached(timeout=SLOW)
    expect(field).to_have_value(QUESTION)
