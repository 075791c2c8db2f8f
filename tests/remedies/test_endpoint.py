"""The client against a real HTTP server: errors, rate limits, slow and malformed answers."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from chat_server import answer_with, chat_answer, chat_failure

from itlim.cli.endpoint_options import usage_line
from itlim.endpoints.settings import EndpointSettings
from itlim.errors import CancelledError, EndpointError, EndpointSetupError, InputError
from itlim.remedies.chat import ChatRequest, Reply, Usage
from itlim.remedies.cost import CostEstimate
from itlim.remedies.endpoint import ask_all
from itlim.remedies.kept_replies import KeptReplies, ask_kept
from itlim.settings import PROJECT_FOLDER

KEY = "sk-very-secret-0123456789"
CHAT = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def key(monkeypatch, httpserver):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("ITLIM_API_KEY", KEY)
    monkeypatch.setenv("ITLIM_API_URL", httpserver.url_for("/v1"))


def questions(*texts):
    return [ChatRequest(messages=(("user", text),)) for text in texts]


def asked(settings, *texts, **options):
    found = {}
    usage = ask_all(settings, questions(*texts), found.__setitem__, **options)
    return found, usage


@answer_with
def echo(asked):
    return asked["messages"][-1]["content"].upper()


def test_each_request_gets_its_own_reply_and_the_tokens_add_up(httpserver, settings):
    httpserver.expect_request(CHAT, method="POST").respond_with_handler(echo)
    found, usage = asked(settings, "a", "b", "c")
    assert {number: reply.text for number, reply in found.items()} == {0: "A", 1: "B", 2: "C"}
    assert usage == Usage(requests=3, prompt_tokens=30, completion_tokens=9)


def test_the_key_and_the_options_are_sent(httpserver, settings):
    httpserver.expect_oneshot_request(
        CHAT, headers={"Authorization": f"Bearer {KEY}"}
    ).respond_with_json(chat_answer("ok"))
    found = {}
    request = ChatRequest(messages=(("system", "s"), ("user", "u")), options={"temperature": 0.0})
    ask_all(settings, [request], found.__setitem__)
    assert found[0].text == "ok"
    ((sent, _),) = httpserver.log
    assert sent.get_json() == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "temperature": 0.0,
    }


def test_transient_failures_are_repeated_and_the_reply_arrives(httpserver, settings):
    for status in (500, 429):
        httpserver.expect_ordered_request(CHAT).respond_with_response(
            chat_failure(status, headers={"Retry-After": "0"})
        )
    httpserver.expect_ordered_request(CHAT).respond_with_json(chat_answer("at last"))
    found, _ = asked(settings, "q")
    assert found[0].text == "at last"
    assert len(httpserver.log) == 3


def test_the_wait_that_a_rate_limit_states_is_kept(httpserver, settings):
    httpserver.expect_ordered_request(CHAT).respond_with_response(
        chat_failure(429, headers={"Retry-After": "1"})
    )
    httpserver.expect_ordered_request(CHAT).respond_with_json(chat_answer("ok"))
    started = time.monotonic()
    found, _ = asked(settings, "q")
    assert found[0].text == "ok"
    assert time.monotonic() - started >= 1


def test_a_failure_that_stays_is_reported_for_its_request_alone(httpserver, settings):
    def handle(request):
        if request.get_json()["messages"][-1]["content"] == "bad":
            return chat_failure(503, "overloaded", headers={"Retry-After": "0"})
        return echo(request)

    httpserver.expect_request(CHAT).respond_with_handler(handle)
    found, usage = asked(settings, "a", "bad", "c")
    assert isinstance(found[1], EndpointError)
    assert found[1].status == 503
    assert "status 503: overloaded" in str(found[1])
    assert (found[0].text, found[2].text, usage.requests) == ("A", "C", 2)
    sent = [one.get_json()["messages"][-1]["content"] for one, _ in httpserver.log]
    assert sent.count("bad") == settings.attempts


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, None, "refused the key"),
        (403, None, "refused the key"),
        (404, "model_not_found", "has no model 'm-404'"),
        (429, "insufficient_quota", "quota is used up"),
    ],
)
def test_what_no_request_can_pass_stops_all(httpserver, settings, status, code, says):
    httpserver.expect_request(CHAT).respond_with_response(
        chat_failure(status, f"bad key {KEY}", code=code)
    )
    # Requests of the test before, which were dropped under way, may still arrive.
    own = replace(settings, model=f"m-{status}")
    with pytest.raises(EndpointSetupError, match=says) as caught:
        asked(own, *"abcdefgh")
    assert KEY not in str(caught.value)
    sent = [one for one, _ in httpserver.log if one.get_json()["model"] == own.model]
    assert len(sent) <= settings.concurrency, "nothing is repeated"


@pytest.mark.parametrize(
    "body",
    [
        "<html>busy</html>",
        "{}",
        '{"choices": []}',
        '{"choices": [{"message": null}]}',
        "[1",
        "null",
    ],
)
def test_a_malformed_answer_is_a_failure_and_never_a_reply(httpserver, settings, body):
    httpserver.expect_request(CHAT).respond_with_data(body, content_type="application/json")
    found, usage = asked(settings, "q")
    assert isinstance(found[0], EndpointError)
    assert "not a chat answer" in str(found[0])
    assert usage.requests == 0


def test_a_slow_server_times_out_with_its_address(httpserver):
    done = threading.Event()
    httpserver.expect_request(CHAT).respond_with_handler(lambda _: done.wait(20) or "")
    settings = EndpointSettings(
        base_url=httpserver.url_for("/v1"),
        model="m",
        requests_per_minute=60_000,
        timeout=0.3,
        attempts=2,
    )
    found, _ = asked(settings, "q")
    done.set()
    assert "did not answer within 0.3 s in 2 attempts" in str(found[0])


def test_a_closed_port_is_reported(settings):
    closed = EndpointSettings(base_url="http://127.0.0.1:9/v1", model="m", attempts=1)
    found, _ = asked(closed, "q")
    assert "The connection to http://127.0.0.1:9/v1 failed in 1 attempt (Conn" in str(found[0])
    assert "Is the server running?" in str(found[0])
    assert "did not answer within" not in str(found[0])


def test_the_rate_is_kept(httpserver):
    httpserver.expect_request(CHAT).respond_with_handler(echo)
    settings = EndpointSettings(
        base_url=httpserver.url_for("/v1"), model="m", requests_per_minute=600
    )
    started = time.monotonic()
    asked(settings, *"abcde")
    assert time.monotonic() - started >= 0.4, "four intervals of 0.1 s"


def test_no_more_requests_than_allowed_are_under_way(httpserver, settings):
    under_way, most, lock = 0, 0, threading.Lock()

    def handle(request):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        return echo(request)

    httpserver.expect_request(CHAT).respond_with_handler(handle)
    asked(settings, *"abcdefghij")
    assert 1 < most <= settings.concurrency


def test_the_key_is_neither_logged_nor_kept(httpserver, settings, tmp_path, caplog):
    httpserver.expect_ordered_request(CHAT).respond_with_response(
        chat_failure(503, f"busy, {KEY}", headers={"Retry-After": "0"})
    )
    httpserver.expect_ordered_request(CHAT).respond_with_json(chat_answer(f"I have seen {KEY}."))
    with caplog.at_level(logging.DEBUG):
        kept = KeptReplies(tmp_path / "replies.jsonl")
        ((reply,), _) = ask_kept(settings, questions("a"), kept)
    assert reply.text == "I have seen [key]."
    own = [one for one in caplog.records if not one.name.startswith(("openai", "http"))]
    assert KEY not in "".join(str(vars(one)) for one in own)
    assert KEY not in caplog.text
    assert KEY not in (tmp_path / "replies.jsonl").read_text()
    assert KEY not in repr(settings)


def test_kept_replies_are_not_asked_again_and_failures_are(httpserver, settings, tmp_path):
    is_broken = True

    def handle(request):
        if is_broken and request.get_json()["messages"][-1]["content"] == "b":
            return chat_failure(400, "bad request")
        return echo(request)

    httpserver.expect_request(CHAT).respond_with_handler(handle)
    path = tmp_path / "replies.jsonl"
    first, _ = ask_kept(settings, questions("a", "b"), KeptReplies(path))
    assert isinstance(first[1], EndpointError)
    is_broken = False
    seen = []
    second, usage = ask_kept(
        settings, questions("a", "b"), KeptReplies(path), progress=lambda *one: seen.append(one)
    )
    assert [reply.text for reply in second] == ["A", "B"]
    assert usage.requests == 1
    assert seen[-1][:2] == (2, 2)
    assert len(httpserver.log) == 3


def test_equal_requests_are_sent_once_and_each_gets_the_reply(httpserver, settings, tmp_path):
    httpserver.expect_request(CHAT).respond_with_handler(echo)
    seen = []
    found, usage = asked(settings, "a", "b", "a", "a", progress=lambda *one: seen.append(one))
    assert {number: reply.text for number, reply in found.items()} == dict(enumerate("ABAA"))
    assert (usage.requests, len(httpserver.log), seen[-1][:2]) == (2, 2, (4, 4))
    kept = KeptReplies(tmp_path / "replies.jsonl")
    replies, usage = ask_kept(settings, questions("c", "c", "d", "c"), kept)
    assert [reply.text for reply in replies] == list("CCDC")
    assert (usage.requests, len(httpserver.log)) == (2, 4)
    assert len(kept.path.read_text().splitlines()) == 2


def test_each_of_several_equal_requests_gets_the_failure(httpserver, settings):
    httpserver.expect_request(CHAT).respond_with_response(chat_failure(400))
    found, _ = asked(settings, "a", "a")
    assert [one.status for one in found.values()] == [400, 400]
    assert len(httpserver.log) == 1


def test_a_forgotten_reply_is_asked_again_and_the_new_one_counts(httpserver, settings, tmp_path):
    replies = iter("xy")
    httpserver.expect_request(CHAT).respond_with_handler(answer_with(lambda _: next(replies)))
    kept = KeptReplies(tmp_path / "replies.jsonl")
    for expected in "xy":
        kept.forget(settings, questions("a"))
        (reply,), _ = ask_kept(settings, questions("a"), kept)
        assert reply.text == expected
    (again,), _ = ask_kept(settings, questions("a"), KeptReplies(kept.path))
    assert again.text == "y"


def test_an_incomplete_line_is_ignored_and_costs_one_reply(httpserver, settings, tmp_path):
    httpserver.expect_request(CHAT).respond_with_handler(echo)
    path = tmp_path / "replies.jsonl"
    ask_kept(settings, questions("a", "b"), KeptReplies(path))
    path.write_bytes(path.read_bytes()[:-9])
    kept = KeptReplies(path)
    assert len(kept) == 1
    ask_kept(settings, questions("a", "b"), kept)
    assert len(KeptReplies(path)) == 2
    assert len(httpserver.log) == 3


def test_a_line_that_is_cut_inside_a_character_is_ignored(tmp_path):
    path = tmp_path / "replies.jsonl"
    row = {"request": "r", "text": "café", "finish_reason": "stop", "prompt_tokens": 1,
           "completion_tokens": 2}  # fmt: skip
    line = json.dumps(row, ensure_ascii=False).encode()
    cut = line[: line.index("é".encode()) + 1]
    damaged = [json.dumps(row | change).encode() for change in ({"text": 5}, {"request": [1]})]
    path.write_bytes(b"\n".join([line, *damaged, b"[]", cut]))
    assert len(KeptReplies(path)) == 1


def test_another_model_or_option_is_another_request(httpserver, settings, tmp_path):
    httpserver.expect_request(CHAT).respond_with_handler(echo)
    kept = KeptReplies(tmp_path / "replies.jsonl")
    ask_kept(settings, questions("a"), kept)
    other = EndpointSettings(
        base_url=settings.base_url, model="n", requests_per_minute=60_000, timeout=5
    )
    ask_kept(other, questions("a"), kept)
    colder = ChatRequest(messages=(("user", "a"),), options={"temperature": 0})
    ask_kept(settings, [colder], kept)
    assert len(httpserver.log) == 3


def test_cancelling_keeps_what_has_arrived(httpserver, settings, tmp_path):
    httpserver.expect_request(CHAT).respond_with_handler(echo)
    kept = KeptReplies(tmp_path / "replies.jsonl")
    with pytest.raises(CancelledError, match="of 20 replies, which are kept"):
        ask_kept(settings, questions(*map(str, range(20))), kept, cancelled=lambda: len(kept) >= 3)
    assert 3 <= len(KeptReplies(kept.path)) < 20


def test_a_canceled_request_is_not_repeated(httpserver, settings):
    httpserver.expect_request(CHAT).respond_with_response(
        chat_failure(503, headers={"Retry-After": "0"})
    )
    # Other requests are sent before; this one is canceled while it is under way.
    own = replace(settings, model="canceled", attempts=9)

    def n_sent():
        return sum(one.get_json()["model"] == own.model for one, _ in httpserver.log)

    found, usage = asked(own, "q", cancelled=lambda: n_sent() >= 2)
    assert not found, "it is dropped: nobody knows whether it would have failed"
    assert (n_sent(), usage.requests) == (2, 0)


@pytest.mark.parametrize("wait", ["Retry-After", "rate"])
def test_canceling_ends_every_wait_and_nothing_more_is_sent(httpserver, settings, wait):
    def handle(request):
        failure = chat_failure(429, headers={"Retry-After": "60"})
        return failure if wait == "Retry-After" else echo(request)

    httpserver.expect_request(CHAT).respond_with_handler(handle)
    own = replace(settings, requests_per_minute=60_000 if wait == "Retry-After" else 1)
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    started = time.monotonic()
    found, _ = asked(own, "a", "b", cancelled=cancel.is_set)
    assert time.monotonic() - started < 50, "each of these waits takes 60 s unless it is canceled"
    n_sent, n_found = (2, 0) if wait == "Retry-After" else (1, 1)
    assert (len(httpserver.log), len(found)) == (n_sent, n_found)


def test_a_request_that_is_canceled_while_it_waits_for_the_rate_is_not_sent(httpserver, settings):
    httpserver.expect_request(CHAT).respond_with_handler(echo)
    own = replace(settings, requests_per_minute=120)
    found, _ = asked(own, *"abcd", cancelled=lambda: len(httpserver.log) >= 1)
    assert (len(httpserver.log), len(found)) == (1, 1)


def test_replies_survive_kill_9(httpserver, tmp_path):
    def handle(request):
        time.sleep(0.1)
        return echo(request)

    httpserver.expect_request(CHAT).respond_with_handler(handle)
    path = tmp_path / "replies.jsonl"
    script = (
        "import sys; from pathlib import Path\n"
        "from itlim.endpoints.settings import EndpointSettings\n"
        "from itlim.remedies.chat import ChatRequest\n"
        "from itlim.remedies.kept_replies import KeptReplies, ask_kept\n"
        "settings = EndpointSettings(base_url=sys.argv[1], model='m', requests_per_minute=60000)\n"
        "asked = [ChatRequest(messages=(('user', str(n)),)) for n in range(40)]\n"
        "ask_kept(settings, asked, KeptReplies(Path(sys.argv[2])))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, httpserver.url_for("/v1"), str(path)], cwd=PROJECT_FOLDER
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not path.exists() or len(KeptReplies(path)) < 5):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = KeptReplies(path)
    assert 5 <= len(kept) < 40
    before, sent = len(kept), len(httpserver.log)
    settings = EndpointSettings(
        base_url=httpserver.url_for("/v1"), model="m", requests_per_minute=60_000
    )
    replies, _ = ask_kept(settings, questions(*map(str, range(40))), kept)
    assert all(isinstance(reply, Reply) for reply in replies)
    again = len(httpserver.log) - sent
    assert 40 - before <= again <= 40 - before + settings.concurrency, "those under way come late"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"base_url": "localhost:8000"}, "is not an address"),
        ({"base_url": "http://me:secret@host/v1"}, "contains a user or password"),
        ({"base_url": "http://host/v1?key=secret"}, "contains . or #"),
        ({"base_url": "http://host/v1#secret"}, "contains . or #"),
        ({"base_url": "me:secret@host/v1"}, "is not an address"),
        ({"base_url": "http://[::1"}, "is not an address"),
        ({"base_url": "http://host:99999/v1"}, "is not an address"),
        ({"model": " "}, "No model was named"),
        ({"attempts": 0}, "attempts is 0"),
    ],
)
def test_wrong_settings_say_what_is_expected(values, says):
    with pytest.raises(InputError, match=says) as caught:
        EndpointSettings(**{"base_url": "http://127.0.0.1/v1", "model": "m"} | values)
    assert "secret" not in str(caught.value)


def test_one_request_and_one_token_are_singular():
    settings = EndpointSettings(base_url="http://x/v1", model="m")
    one = Usage(1, 1, 0)
    assert one.spent(settings) == "1 token"
    assert usage_line(one, settings) == "1 request, 1 + 0 tokens."
    assert "About 1 prompt token and 0 tokens of replies in 1 request." in CostEstimate(
        usage=one
    ).sentence(settings)


def test_an_unknown_price_gives_no_cost():
    settings = EndpointSettings(base_url="http://x/v1", model="m", prompt_price=1.0)
    assert Usage(1, 10, 10).cost(settings) is None
