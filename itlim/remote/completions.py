"""Requests to /v1/completions and answers of it, in the layout of vLLM 0.15.0.

Sources: `CompletionRequest`, `CompletionResponse` and `CompletionResponseChoice` in
vllm/entrypoints/openai/completion/protocol.py, and `Logprob` in vllm/logprobs.py.
Fields that are not read here are ignored.
"""

import json
from collections.abc import Sequence
from math import exp, inf, isfinite
from typing import Any

from pydantic import BaseModel, ValidationError

from itlim.errors import EndpointError, ItlimError
from itlim.models.protocol import ScoredSequence
from itlim.remote.readout import Position

_ZERO = -9999.0
"""What vLLM sends in place of minus infinity, which JSON does not have."""
_SUM_LIMIT = 1.001
_TOKEN_ID = "token_id:"


class _Logprob(BaseModel):
    logprob: float
    rank: int | None = None


class _SampledLogprobs(BaseModel):
    tokens: list[str] = []


class _Choice(BaseModel):
    finish_reason: str | None = None
    prompt_logprobs: list[dict[int, _Logprob] | None] | None = None
    prompt_token_ids: list[int] | None = None
    token_ids: list[int] | None = None
    logprobs: _SampledLogprobs | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None


class Completion(BaseModel):
    """An answer of /v1/completions to one prompt."""

    choices: list[_Choice]
    usage: _Usage | None = None


def scoring_body(model: str, token_ids: Sequence[int], top_k: int) -> dict[str, Any]:
    """The request for log-probabilities of a text that is given as ids.

    One token is generated, because vLLM rejects `max_tokens` 0 ("must be at least 1"); it is
    ignored. Prompt and one token must therefore fit into the server's context.
    """
    return {
        "model": model,
        "prompt": list(token_ids),
        "max_tokens": 1,
        "temperature": 0.0,
        "prompt_logprobs": top_k,
        "return_token_ids": True,
    }


def answering_body(model: str, prompt_ids: Sequence[int], max_new_tokens: int) -> dict[str, Any]:
    """The request for a greedy answer as ids, without the penalties of the model's settings."""
    return {
        "model": model,
        "prompt": list(prompt_ids),
        "max_tokens": max_new_tokens,
        "temperature": 0.0,
        "repetition_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "logprobs": 0,
        "return_tokens_as_token_ids": True,
        "return_token_ids": True,
    }


def read_completion(text: str) -> Completion:
    """Parse an answer.

    Raises:
        ValueError: it is not such an answer; the message says where.
    """
    try:
        completion = Completion.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at character {error.pos} of {len(text)}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from None
    if len(completion.choices) != 1:
        raise ValueError(f"{len(completion.choices)} choices, expected 1")
    return completion


def positions_of(
    completion: Completion, sequence: ScoredSequence, top_k: int, server: str
) -> list[Position]:
    """What an answer says of each token of the response.

    Args:
        completion: the answer to `scoring_body`.
        sequence: the prompt and response whose ids were sent, one after the other.
        top_k: `prompt_logprobs` of the request.
        server: model and server, for messages.

    Raises:
        EndpointError: the answer lacks log-probabilities, or is about other tokens, as with
            another tokenizer.
    """
    sent = (*sequence.prompt_ids, *sequence.response_ids)
    choice = completion.choices[0]
    found = choice.prompt_logprobs
    if found is None:
        raise EndpointError(
            f"{server} did not return prompt_logprobs, so the response cannot be scored there. "
            "Use a server that returns them, such as vLLM."
        )
    read = completion.usage.prompt_tokens if completion.usage else None
    for count in (len(found), read if read is not None else len(sent)):
        if count != len(sent):
            raise EndpointError(
                f"{server} read {count} tokens, but {len(sent)} were sent: it cuts the prompt or "
                "adds tokens. Check its settings and the tokenizer of this pair."
            )
    if choice.prompt_token_ids is not None and choice.prompt_token_ids != list(sent):
        raise EndpointError(f"{server} read other token ids than those sent: check its settings.")
    start = len(sequence.prompt_ids)
    return [
        _position(entry, token, top_k, server, place)
        for place, (entry, token) in enumerate(
            zip(found[start:], sequence.response_ids, strict=True)
        )
    ]


def _position(
    entry: dict[int, _Logprob] | None, token: int, top_k: int, server: str, place: int
) -> Position:
    own = None if entry is None else entry.get(token)
    if entry is None or own is None or own.rank is None or own.rank < 1:
        raise EndpointError(
            f"{server} gave no log-probability with rank for token {token} at position {place}: "
            "the model has another tokenizer than this pair, or the server is not like vLLM."
        )
    listed = {key: _log_prob(one.logprob) for key, one in entry.items()}
    if any(not value <= 1e-4 for value in listed.values()) or (
        sum(map(exp, listed.values())) > _SUM_LIMIT
    ):
        raise EndpointError(
            f"{server} sent values at position {place} that are not log-probabilities of one "
            "distribution. Start vLLM with its default --logprobs-mode, raw_logprobs."
        )
    more = sum(value > listed[token] for value in listed.values())
    if not max(top_k, 1) <= len(listed) <= top_k + 1 or own.rank <= more:
        raise EndpointError(
            f"{server} listed {len(listed)} tokens at position {place}, {more} of them more "
            f"probable than the response's, which it ranks {own.rank}; {top_k} were asked for. The "
            "figures contradict each other, so the server is not like vLLM."
        )
    return Position(token_id=token, listed=listed, top_k=top_k, server_rank=own.rank)


def _log_prob(value: float) -> float:
    if value <= _ZERO:
        return -inf
    if not isfinite(value):
        return 1.0  # not a log-probability; reported with its position
    return min(value, 0.0) if value <= 1e-4 else value


def answered_ids(completion: Completion, server: str) -> tuple[tuple[int, ...], bool]:
    """The ids of a generated answer, and whether it was cut off at the limit.

    Otherwise the last id is the one that ended it, which a model may have several of.

    Raises:
        EndpointError: the answer ended in another way, as when the server was stopped.
        ItlimError: the server gave no ids; text would have to be encoded again, which may give
            other tokens.
    """
    choice = completion.choices[0]
    ids = choice.token_ids
    if ids is None and choice.logprobs is not None:
        names = choice.logprobs.tokens
        if all(name.startswith(_TOKEN_ID) and name[9:].isdecimal() for name in names):
            ids = [int(name.removeprefix(_TOKEN_ID)) for name in names]
    if not ids:
        raise ItlimError(
            f"{server} did not return the token ids of its answer. Use vLLM 0.10.2 or later, or "
            "paste the answer to score it."
        )
    if choice.finish_reason not in ("stop", "length"):
        raise EndpointError(
            f"{server} ended its answer with {choice.finish_reason!r}: expected stop or length. "
            "Ask again."
        )
    return tuple(ids), choice.finish_reason == "length"
