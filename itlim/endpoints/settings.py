"""Address, model and limits of a server with OpenAI's protocol."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from itlim.errors import InputError

KEY_VARIABLES = ("ITLIM_API_KEY", "OPENAI_API_KEY")
"""Environment variables of the key, in the order in which they are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """A server, a model and how fast to ask it.

    Raises:
        InputError: a value cannot be used, or the address contains what may be a key.
    """

    base_url: str
    """Such as http://127.0.0.1:8000/v1."""
    model: str
    from_command_line: bool = False
    """Whether the address was given with a command, by whoever set the key: it gets the key."""
    requests_per_minute: float = 60.0
    concurrency: int = 4
    """Maximum number of requests under way."""
    timeout: float = 60.0
    """Seconds that one request may take."""
    attempts: int = 5
    """Times that one request is sent at most."""
    prompt_price: float | None = None
    """Price of a million prompt tokens; None if it is unknown."""
    completion_price: float | None = None

    def __post_init__(self) -> None:
        _check_address(self.base_url)
        if not self.model.strip():
            raise InputError("No model was named. Give the name under which the server has it.")
        for name in ("requests_per_minute", "concurrency", "timeout", "attempts"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} is {getattr(self, name)}: expected more than 0.")


def _check_address(url: str) -> None:
    """Reject what is no address of a server; what may be a key or a password is not quoted."""
    if "?" in url or "#" in url:
        raise InputError(
            "The base URL contains ? or #: what follows could be a key, which belongs in the "
            f"environment variable {KEY_VARIABLES[0]}."
        )
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    else:
        if parts.username is not None or parts.password is not None:
            raise InputError(
                "The base URL contains a user or password. Give the key in the environment "
                f"variable {KEY_VARIABLES[0]} instead."
            )
    if not is_address:
        shown = "The base URL" if "@" in url else f"The base URL {url!r:.80}"
        raise InputError(
            f"{shown} is not an address: expected one such as http://127.0.0.1:8000/v1."
        )
