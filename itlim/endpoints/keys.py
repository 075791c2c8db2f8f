"""The key of servers: which servers get it, and texts of servers without it.

The key is read from the environment for each use and never stored, logged or exported.
"""

import os
from urllib.parse import urlsplit

from itlim.endpoints.settings import KEY_VARIABLES, EndpointSettings
from itlim.settings import endpoint_url, key_urls

_LEAST_SECRET = 8
"""Letters of the shortest key that is removed from answers; servers without keys are often given
placeholders such as EMPTY, which answers contain for other reasons."""


def key_for(settings: EndpointSettings) -> str | None:
    """The key that a server gets; None if there is no key, or if it is not for this server.

    The key is for the servers that were named by whoever set the key: in `ITLIM_API_URL`, in
    `ITLIM_KEY_URLS`, or in the command. It is not for other addresses, which may have been typed on
    a page, such as those of pairs in the library. Addresses are the same server if scheme, host and
    port are equal.
    """
    return _key() if settings.from_command_line or _is_named(settings.base_url) else None


def key_note(url: str) -> str:
    """Whether a server gets the key, in a sentence that names no key.

    Args:
        url: the server's address, not from the command line.
    """
    name = _variable()
    if name is None:
        return f"Key: none ({' and '.join(KEY_VARIABLES)} are not set)."
    if _is_named(url):
        return f"Key: from {name}."
    return (
        f"The key in {name} is not sent to {url}, because neither ITLIM_API_URL nor ITLIM_KEY_URLS "
        "names this server."
    )


def is_withheld(url: str) -> bool:
    """Whether there is a key that a server, not from the command line, does not get."""
    return _variable() is not None and not _is_named(url)


def without_key(text: str) -> str:
    """A message without the key, which some servers repeat."""
    key = _key()
    return text.replace(key, "[key]") if key else text


def answer_without_key(text: str) -> str:
    """An answer without the key, if the key is long enough to be one."""
    return without_key(text) if len(_key() or "") >= _LEAST_SECRET else text


def _variable() -> str | None:
    return next((name for name in KEY_VARIABLES if os.environ.get(name, "").strip()), None)


def _key() -> str | None:
    name = _variable()
    return None if name is None else os.environ[name].strip()


def _is_named(url: str) -> bool:
    origin = _origin(url)
    return origin is not None and origin in map(_origin, (endpoint_url(), *key_urls()))


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an address; None if it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
