"""Which texts count as web addresses."""

import pytest

from itlim.text.addresses import is_web_address

GOOD = [
    "https://example.org",
    "http://example.org:8080/a?b=c#d",
    "HTTPS://EN.WIKIPEDIA.ORG/wiki/Emu_(bird)",
    "https://de.wikipedia.org/wiki/Straße",
    "https://bücher.example/",
    "http://localhost/x",
    "http://192.168.0.1/",
    "http://[2001:db8::1]:80/",
    "https://web.archive.org/web/2020/https://user@example.org",
]
BAD = [
    "",
    "example.org",
    "no address",
    "https://",
    "https:///path",
    "https://exa mple.org",
    "https://example.org/a b",
    "https://example.org/\n",
    "javascript:alert(1)",
    "JavaScript://example.org/%0aalert(1)",
    "data:text/html,<script>",
    "ftp://example.org",
    "file:///etc/passwd",
    "https://known.org@other.org/",
    "https:\\\\example.org",
    "https://example.org\\@other.org",
    "https://example.org:port/",
    "https://[::1",
    "https://-example.org",
    "https://example..org",
    "https://ex\u200bample.org",
    "https://example.org/\u202egpj.exe",
]


@pytest.mark.parametrize("text", GOOD)
def test_an_address_with_scheme_and_host_is_accepted(text):
    assert is_web_address(text)


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused(text):
    assert not is_web_address(text)
