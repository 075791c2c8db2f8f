"""The server is killed during annotation: saved marks are kept, unsaved marks are sent later."""

import subprocess
from pathlib import Path

import pytest
from annotating import SLOW, expect_saved, import_study, say_name, sit_down
from marking_gestures import drag, focus_text, press, quotes, rows
from playwright.sync_api import expect
from servers import ROOT, start_streamlit, warm_up

pytestmark = [pytest.mark.browser, pytest.mark.full]
TEXT = "🐶 Smallest dog breed is the Cheshire Cat."


class KillableApp:
    """The app on a fixed port and home, which can be killed without warning and restarted."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.address = ""
        self.process: subprocess.Popen | None = None

    def start(self) -> str:
        port = int(self.address.rpartition(":")[2]) if self.address else None
        self.address, self.process = start_streamlit(
            ROOT / "app.py", self.home, port=port, ITLIM_HOME=str(self.home)
        )
        warm_up(self.address)
        return self.address

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def app(tmp_path):
    import_study(tmp_path / "test.duckdb", tmp_path / "aside.duckdb", "dogs", [TEXT])
    started = KillableApp(tmp_path)
    yield started
    started.kill()


def test_marks_shown_as_saved_survive_a_kill(app, page):
    sit_down(page, app.start(), "dogs", "ann")
    for number, quote in enumerate(("Smallest", "breed", "Cheshire"), start=1):
        drag(page, quote, quote)
        press(page, "1")
        expect(rows(page)).to_have_count(number)
        press(page, "Escape")
    expect_saved(page)
    app.kill()
    page.goto("about:blank")
    sit_down(page, app.start(), "dogs", "ann")
    assert quotes(page) == ["Smallest", "breed", "Cheshire"]
    focus_text(page)
    press(page, "z")
    expect(rows(page)).to_have_count(2, timeout=SLOW)
    expect_saved(page)


def test_marks_made_while_the_server_is_down_are_sent_after_its_restart(app, page):
    page.on("dialog", lambda dialog: dialog.accept())
    sit_down(page, app.start(), "dogs", "ann")
    drag(page, "Smallest", "Smallest")
    press(page, "1", "Escape")
    expect_saved(page)
    app.kill()
    drag(page, "Cheshire", "Cat")
    press(page, "2")
    expect(rows(page)).to_have_count(2)
    app.start()
    page.reload()
    say_name(page, "ann")
    expect_saved(page)
    assert quotes(page) == ["Smallest", "Cheshire Cat"]
    page.wait_for_function("sessionStorage.length === 0", timeout=SLOW)
    page.reload()
    say_name(page, "ann")
    assert quotes(page) == ["Smallest", "Cheshire Cat"]
