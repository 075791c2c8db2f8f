"""Which servers get the key, and that no message repeats it."""

from dataclasses import replace

import pytest
from chat_server import chat_answer, chat_failure

from itlim.endpoints.keys import answer_without_key, is_withheld, key_note
from itlim.errors import EndpointError, EndpointSetupError
from itlim.remedies.chat import ChatRequest
from itlim.remedies.endpoint import ask_all

KEY = "sk-very-secret-0123456789"
CHAT = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    for name in ("OPENAI_API_KEY", "ITLIM_API_URL", "ITLIM_KEY_URLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ITLIM_API_KEY", KEY)


def asked(settings):
    """The answer, or the failure, of one request."""
    found = {}
    ask_all(settings, [ChatRequest(messages=(("user", "q"),))], found.__setitem__)
    return found[0]


def sent_key(httpserver, settings):
    httpserver.expect_request(CHAT).respond_with_json(chat_answer("ok"))
    asked(settings)
    return httpserver.log[-1][0].headers["Authorization"] == f"Bearer {KEY}"


def test_an_address_that_nobody_named_for_the_key_does_not_get_it(httpserver, settings):
    assert not sent_key(httpserver, settings)
    assert all(KEY not in str(request.headers) for request, _ in httpserver.log)


@pytest.mark.parametrize("name", ["ITLIM_API_URL", "ITLIM_KEY_URLS"])
def test_a_server_that_a_setting_names_gets_the_key(httpserver, settings, monkeypatch, name):
    monkeypatch.setenv(name, httpserver.url_for("/another/path"))
    assert sent_key(httpserver, settings)


def test_one_of_several_named_servers_gets_the_key(httpserver, settings, monkeypatch):
    monkeypatch.setenv("ITLIM_API_URL", "https://other.example/v1")
    monkeypatch.setenv("ITLIM_KEY_URLS", f"https://third.example {httpserver.url_for('/v1')}")
    assert sent_key(httpserver, settings)


def test_a_server_of_the_command_line_gets_the_key(httpserver, settings):
    assert sent_key(httpserver, replace(settings, from_command_line=True))


@pytest.mark.parametrize(
    ("named", "asked_of", "gets"),
    [
        ("https://h.example/v1", "https://H.example:443/v2", True),
        ("http://h.example", "http://h.example:80/v1", True),
        ("https://h.example/v1", "http://h.example/v1", False),
        ("https://h.example/v1", "https://h.example:8443/v1", False),
        ("https://h.example/v1", "https://h.example.evil.example/v1", False),
        ("https://h.example/v1", "https://evil.example/h.example/v1", False),
        ("", "https://h.example/v1", False),
        ("https://[::1", "https://[::1", False),
    ],
)
def test_scheme_host_and_port_decide_which_server_an_address_means(
    monkeypatch, named, asked_of, gets
):
    monkeypatch.setenv("ITLIM_API_URL", named)
    assert is_withheld(asked_of) is not gets
    assert KEY not in key_note(asked_of)


def test_a_refusal_without_the_key_says_which_setting_names_the_server(httpserver, settings):
    httpserver.expect_request(CHAT).respond_with_response(chat_failure(401))
    with pytest.raises(EndpointSetupError, match=r"without a key.*ITLIM_KEY_URLS"):
        asked(settings)


def test_without_a_key_nothing_is_withheld(monkeypatch):
    monkeypatch.setenv("ITLIM_API_KEY", " ")
    assert not is_withheld("https://h.example/v1")
    assert key_note("https://h.example/v1").startswith("Key: none")


@pytest.mark.parametrize(
    "body",
    [
        f'{{"choices":[],"seen":"Bearer {KEY}"}}',
        f'{{"choices":[],"seen":"{"x" * 150} Bearer {KEY}"}}',
        f'{{"choices":[],"seen":"{"x" * 260} Bearer {KEY}"}}',
        f"<html>Bearer {KEY}</html>",
        f'{{"error": "Bearer {KEY}"}}',
    ],
)
def test_the_message_about_an_answer_that_cannot_be_used_is_without_the_key(
    httpserver, settings, body
):
    httpserver.expect_request(CHAT).respond_with_data(body, content_type="application/json")
    failure = asked(replace(settings, from_command_line=True))
    assert isinstance(failure, EndpointError)
    assert "not a chat answer" in str(failure)
    assert KEY[:12] not in str(failure)


def test_the_reason_that_ended_a_reply_is_without_the_key(httpserver, settings):
    answer = chat_answer("ok")
    answer["choices"][0]["finish_reason"] = f"refused {KEY}"
    httpserver.expect_request(CHAT).respond_with_json(answer)
    assert asked(replace(settings, from_command_line=True)).finish_reason == "refused [key]"


def test_a_placeholder_in_place_of_a_key_changes_no_answer(monkeypatch):
    monkeypatch.setenv("ITLIM_API_KEY", "EMPTY")
    assert answer_without_key("EMPTY is a word.") == "EMPTY is a word."
