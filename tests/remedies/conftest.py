"""A real HTTP server that answers chat requests, with a thread for each request."""

import pytest
from chat_server import answer_with

from itlim.endpoints.settings import EndpointSettings


@pytest.fixture
def settings(httpserver):
    return EndpointSettings(
        base_url=httpserver.url_for("/v1"),
        model="m",
        requests_per_minute=60_000,
        timeout=5,
        attempts=3,
    )


@pytest.fixture
def judge(httpserver):
    """Let the server answer with what a function makes of the messages' contents."""

    def start(reply):
        httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer_with(reply))
        return httpserver

    return start
