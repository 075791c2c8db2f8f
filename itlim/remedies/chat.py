"""What is asked of a server in OpenAI's chat protocol, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from itlim.endpoints.settings import EndpointSettings
from itlim.ids import content_hash
from itlim.text.messages import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """Messages and options of one request."""

    messages: tuple[tuple[str, str], ...]
    """Role and content of each message."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the request, such as temperature or response_format."""


def request_id(settings: EndpointSettings, request: ChatRequest) -> str:
    """Hash of what determines a reply; neither the key nor the limits are part of it."""
    return content_hash(
        settings.base_url.rstrip("/"), settings.model, request.messages, dict(request.options)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server answered."""

    text: str
    finish_reason: str
    """`stop`, or why the text ends earlier, such as `length`."""
    prompt_tokens: int
    completion_tokens: int


@dataclass(slots=True)
class Usage:
    """Tokens of all replies so far."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, reply: Reply) -> None:
        self.requests += 1
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens

    def spent(self, settings: EndpointSettings) -> str:
        """Tokens and, if prices are known, their cost, in words.

        >>> Usage(1, 2_000, 100).spent(EndpointSettings(base_url="http://x/v1", model="m",
        ...     prompt_price=1.0, completion_price=10.0))
        '2,100 tokens, cost 0.0030'
        """
        cost = self.cost(settings)
        tokens = plural(self.prompt_tokens + self.completion_tokens, "token")
        return tokens if cost is None else f"{tokens}, cost {cost:.4f}"

    def summary(self, settings: EndpointSettings) -> str:
        """Requests, tokens and cost, in words."""
        return f"{plural(self.requests, 'request')}, {self.spent(settings)}"

    def cost(self, settings: EndpointSettings) -> float | None:
        """Price of the tokens, in the currency of the settings; None if a price is unknown.

        >>> usage = Usage(1, 2_000_000, 100_000)
        >>> usage.cost(EndpointSettings(base_url="http://x/v1", model="m", prompt_price=1.0,
        ...     completion_price=10.0))
        3.0
        """
        if settings.prompt_price is None or settings.completion_price is None:
            return None
        million = 1_000_000
        return (
            self.prompt_tokens * settings.prompt_price
            + self.completion_tokens * settings.completion_price
        ) / million
