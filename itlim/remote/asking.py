"""Ask a server for log-probabilities and for greedy answers, as token ids."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from itlim.endpoints.keys import answer_without_key
from itlim.endpoints.sending import Call, send_all
from itlim.endpoints.settings import EndpointSettings
from itlim.errors import CancelledError, EndpointError
from itlim.models.protocol import ScoredSequence
from itlim.progress import Cancelled
from itlim.records import ServerModel
from itlim.remote.completions import (
    Completion,
    answered_ids,
    answering_body,
    positions_of,
    read_completion,
    scoring_body,
)
from itlim.remote.readout import Position

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_LIMIT = re.compile(r"max(?:imum)? allowed\D{0,20}(\d+)")
"""As in vLLM's "Requested prompt logprobs of 50, which is greater than max allowed: 20"."""
_REQUESTS_PER_MINUTE = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """What a server gave about some responses."""

    responses: tuple[tuple[Position, ...], ...]
    top_k: int
    """Number of most probable tokens per position that the server granted."""


def endpoint_of(
    model: ServerModel, *, timeout: float = 120.0, attempts: int = 4
) -> EndpointSettings:
    """The settings of a model's server.

    Raises:
        InputError: the address is not one, or contains a password.
    """
    return EndpointSettings(
        base_url=model.url,
        model=model.model,
        requests_per_minute=_REQUESTS_PER_MINUTE,
        timeout=timeout,
        attempts=attempts,
    )


def read_out(
    endpoint: EndpointSettings,
    sequences: Sequence[ScoredSequence],
    top_k: int,
    cancelled: Cancelled = lambda: False,
) -> Readout:
    """Log-probabilities of responses, with as many of the K most probable tokens as granted.

    The first response finds out how many: if the server refuses K, the number that its message
    allows is tried, then 1, then 0.

    Args:
        endpoint: the server and its limits.
        sequences: prompts and responses.
        top_k: K.
        cancelled: asked before each request.

    Raises:
        EndpointSetupError: key, address or model is wrong.
        EndpointError: the server failed, refused, or answered about other tokens.
        CancelledError: `cancelled` returned True.
    """
    if not sequences:
        return Readout(responses=(), top_k=top_k)
    first, granted = _granted(endpoint, sequences[0], top_k, cancelled)
    bodies = [_scoring(endpoint, one, granted) for one in sequences[1:]]
    found = [first, *_ask(endpoint, bodies, cancelled)]
    responses = tuple(
        tuple(positions_of(one, sequence, granted, _shown(endpoint)))
        for one, sequence in zip(found, sequences, strict=True)
    )
    return Readout(responses=responses, top_k=granted)


def answer(
    endpoint: EndpointSettings,
    prompt_ids: Sequence[int],
    max_new_tokens: int,
    cancelled: Cancelled = lambda: False,
) -> tuple[tuple[int, ...], bool]:
    """The model's greedy answer as ids, with its end-of-sequence id, and whether it was cut off.

    Raises:
        EndpointError: the server failed.
        CancelledError: `cancelled` returned True.
    """
    body = answering_body(endpoint.model, prompt_ids, max_new_tokens)
    return answered_ids(_ask(endpoint, [body], cancelled)[0], _shown(endpoint))


def _granted(
    endpoint: EndpointSettings, sequence: ScoredSequence, top_k: int, cancelled: Cancelled
) -> tuple[Completion, int]:
    asked = top_k
    while True:
        try:
            return _ask(endpoint, [_scoring(endpoint, sequence, asked)], cancelled)[0], asked
        except EndpointError as error:
            smaller = _smaller(asked, error)
            if smaller is None:
                raise
            asked = smaller


def _smaller(asked: int, refusal: EndpointError) -> int | None:
    """The next K to try after a refusal; None if K is not what was refused."""
    message = str(refusal)
    if refusal.status not in (400, 422) or "logprobs" not in message or asked == 0:
        return None
    stated = _LIMIT.search(message)
    if stated is not None and int(stated[1]) < asked:
        return int(stated[1])
    return 1 if asked > 1 else 0


def _scoring(endpoint: EndpointSettings, sequence: ScoredSequence, top_k: int) -> dict[str, Any]:
    ids = (*sequence.prompt_ids, *sequence.response_ids)
    return scoring_body(endpoint.model, ids, top_k)


def _ask(
    endpoint: EndpointSettings, bodies: Sequence[dict[str, Any]], cancelled: Cancelled
) -> list[Completion]:
    """Answers in order; the first failure is raised."""
    found: dict[int, Completion | EndpointError] = {}
    calls: list[Call[Completion]] = [partial(_post, body=body) for body in bodies]
    send_all(endpoint, calls, found.__setitem__, kind="completion", cancelled=cancelled)
    if len(found) < len(bodies):
        raise CancelledError("Scoring was canceled.")
    completions = []
    for number in range(len(bodies)):
        one = found[number]
        if isinstance(one, EndpointError):
            raise one
        completions.append(one)
    return completions


async def _post(client: "AsyncOpenAI", body: dict[str, Any]) -> Completion:
    import httpx

    # The raw body: the client's own types have no prompt_logprobs, and do not validate.
    response = await client.post("/completions", body=body, cast_to=httpx.Response)
    return read_completion(answer_without_key(response.text))


def _shown(endpoint: EndpointSettings) -> str:
    return f"{endpoint.model} at {endpoint.base_url}"
