"""Options of commands that may ask a model on a server, and what they print about its cost."""

from typing import TYPE_CHECKING, Annotated

import typer

from itlim.errors import InputError
from itlim.text.messages import plural

if TYPE_CHECKING:
    from itlim.endpoints.settings import EndpointSettings
    from itlim.remedies.chat import Usage

BaseUrl = Annotated[
    str | None,
    typer.Option(
        help="Ask a model on this server with OpenAI's protocol, such as "
        "http://127.0.0.1:8000/v1, instead of working offline."
    ),
]
ServerModel = Annotated[str | None, typer.Option("--model", help="Name of the model there.")]
PerMinute = Annotated[float, typer.Option(help="Requests per minute at most.")]
Concurrency = Annotated[int, typer.Option(help="Requests under way at most.")]
Timeout = Annotated[float, typer.Option(help="Seconds that one request may take.")]
PromptPrice = Annotated[
    float | None, typer.Option(help="Price of a million prompt tokens, to show the cost.")
]
CompletionPrice = Annotated[
    float | None, typer.Option(help="Price of a million completion tokens.")
]


def endpoint_settings(
    base_url: str | None,
    model: str | None,
    *,
    per_minute: float,
    concurrency: int,
    timeout: float,
    prompt_price: float | None,
    completion_price: float | None,
) -> "EndpointSettings | None":
    """The server to ask; None if the command works offline.

    Raises:
        InputError: only one of server and model is given, or a setting cannot be used.
    """
    from itlim.endpoints.settings import EndpointSettings

    if base_url is None and model is None:
        return None
    if base_url is None or model is None:
        raise InputError("Give both --base-url and --model to ask a server, or neither.")
    return EndpointSettings(
        base_url=base_url,
        model=model,
        from_command_line=True,
        requests_per_minute=per_minute,
        concurrency=concurrency,
        timeout=timeout,
        prompt_price=prompt_price,
        completion_price=completion_price,
    )


def usage_document(usage: "Usage", settings: "EndpointSettings") -> dict[str, float | int | None]:
    """Tokens and cost as a JSON object."""
    return {
        "requests": usage.requests,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost": usage.cost(settings),
    }


def usage_line(usage: "Usage", settings: "EndpointSettings") -> str:
    """Tokens and cost as a sentence."""
    cost = usage.cost(settings)
    spent = "" if cost is None else f", cost {cost:.4f}"
    return (
        f"{plural(usage.requests, 'request')}, {usage.prompt_tokens:,} + "
        f"{plural(usage.completion_tokens, 'token')}{spent}."
    )
