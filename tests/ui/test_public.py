"""What a public server admits: lengths, the number of tasks, and the settings that turn it on."""

import ast
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from itlim.errors import BusyError, InputError
from itlim.library import load_library
from itlim.records import Request
from itlim.settings import is_public, is_read_only
from itlim.ui.shared import public
from itlim.ui.shared.public import (
    MAX_INSTRUCTION,
    MAX_NEW_TOKENS,
    RateLimit,
    check_request,
    check_requests,
)
from itlim.ui.shared.turn_queue import TurnQueue


@pytest.fixture
def pair():
    return load_library().pair("demo-sft")


def test_a_request_at_the_limits_passes_and_one_beyond_is_refused(pair, monkeypatch):
    at = Request(pair=pair, instruction="x" * MAX_INSTRUCTION, max_new_tokens=MAX_NEW_TOKENS)
    longer = Request(pair=pair, instruction="x" * (MAX_INSTRUCTION + 1))
    more = Request(pair=pair, instruction="x", max_new_tokens=MAX_NEW_TOKENS + 1)
    for one in (at, longer, more):
        check_request(one)
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    check_request(at)
    with pytest.raises(InputError, match="2,001 characters"):
        check_request(longer)
    with pytest.raises(InputError, match="257 new tokens"):
        check_request(more)


def test_wordings_are_counted_over_all_models(pair, monkeypatch):
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    request = Request(pair=pair, instruction="x")
    check_requests([request] * 2, ["y"] * 12)
    with pytest.raises(InputError, match="26 questions"):
        check_requests([request] * 2, ["y"] * 13)


REFUSED = ("data_models", "shared/endpoint.py")
"""Parts of the pages that no visitor of a public server reaches."""
FIELDS = {"text_input", "text_area", "chat_input"}


def text_fields(path):
    """The calls in a module that draw a text field, with the names of their arguments."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in FIELDS:
            yield call.lineno, {one.arg for one in call.keywords}


def test_every_text_field_that_a_visitor_reaches_is_limited():
    pages = Path(public.__file__).parents[1]
    open_fields = [
        f"{path.relative_to(pages)}:{line}"
        for path in pages.rglob("*.py")
        if not path.relative_to(pages).as_posix().startswith(REFUSED)
        for line, arguments in text_fields(path)
        if "max_chars" not in arguments
    ]
    assert not open_fields


def test_a_limited_field_gives_no_text_beyond_its_limit(monkeypatch):
    def page():
        import streamlit as st

        from itlim.ui.shared.public import limited

        st.write(f"read {len(limited(st.text_input, 'Title', key='title', limit=5))}")

    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    app = AppTest.from_function(page).run()
    assert app.text_input(key="title").max_chars == 5
    app.text_input(key="title").set_value("12345").run()
    assert app.markdown[0].value == "read 5"
    app.text_input(key="title").set_value("123456").run()
    assert "read 6" not in [one.value for one in app.markdown]
    monkeypatch.delenv("ITLIM_PUBLIC")
    app = AppTest.from_function(page).run()
    app.text_input(key="title").set_value("123456").run()
    assert app.markdown[0].value == "read 6"


def test_the_rate_limit_counts_a_window_that_moves():
    limit = RateLimit(count=2, seconds=10)
    limit.take(0.0)
    limit.take(6.0)
    with pytest.raises(BusyError, match="in 2 seconds"):
        limit.take(9.0)
    limit.take(10.0)
    with pytest.raises(BusyError, match="in 6 seconds"):
        limit.take(11.0)


@pytest.mark.parametrize(
    ("public", "read_only", "expected"),
    [
        ("", "", (False, False)),
        ("0", "1", (False, True)),
        ("1", "", (True, True)),
        ("1", "0", (True, False)),
    ],
)
def test_a_public_server_is_read_only_unless_told_otherwise(
    monkeypatch, public, read_only, expected
):
    monkeypatch.setenv("ITLIM_PUBLIC", public)
    monkeypatch.setenv("ITLIM_READ_ONLY", read_only)
    assert (is_public(), is_read_only()) == expected


def test_any_other_value_of_the_setting_is_an_error(monkeypatch):
    monkeypatch.setenv("ITLIM_PUBLIC", "yes")
    with pytest.raises(InputError, match="ITLIM_PUBLIC is 'yes': expected 1 or 0"):
        is_public()


def test_a_queue_with_two_places_admits_two_at_once_and_rejects_beyond_its_length():
    queue = TurnQueue(2, longest=3)
    inside, gate = threading.Semaphore(0), threading.Event()

    def visitor():
        with queue.turn(lambda _: None, lambda: False):
            inside.release()
            gate.wait(10)

    threads = [threading.Thread(target=visitor) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=10)
    with pytest.raises(BusyError, match="2 tasks in progress"):
        queue.enter_now()
    waiting = queue.enter()
    with pytest.raises(BusyError, match="3 tasks in progress or waiting"):
        queue.enter()
    queue.leave(waiting)
    gate.set()
    for thread in threads:
        thread.join(10)
    queue.leave(queue.enter_now())
