"""Web addresses that people type or files contain, checked before they are stored or linked."""

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

EXPECTED_ADDRESS = "an address such as https://example.org/page, without spaces"
_HOST = re.compile(r"(?!-)[\w-]+(\.[\w-]+)*\.?", re.ASCII | re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f\\<>\"\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
"""Browsers read a backslash as a slash; invisible characters make an address look like another."""


def is_web_address(text: str) -> bool:
    """Whether a text is an http or https address with a host, and safe to link.

    A name before the host is refused, because "https://known.org@other.org" opens other.org.

    >>> is_web_address("https://en.wikipedia.org/wiki/Emu?a=1#b"), is_web_address("http://[::1]:80/")
    (True, True)
    >>> is_web_address("javascript:alert(1)"), is_web_address("https://"), is_web_address("a b.org")
    (False, False, False)
    """
    if _FORBIDDEN.search(text) or not re.match(r"https?://", text, re.IGNORECASE):
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return "@" not in parts.netloc and _is_host(host)


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            IPv6Address(host)
        except ValueError:
            return False
        return True
    try:
        return _HOST.fullmatch(host.encode("idna").decode()) is not None
    except UnicodeError:
        return False
