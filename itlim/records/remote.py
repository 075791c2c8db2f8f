"""Pairs of which one or both models are behind a server, and their scored responses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from itlim.errors import InputError
from itlim.records.pairs import ModelSource, PromptTemplate
from itlim.records.requests import DEFAULT_MAX_NEW_TOKENS, check_texts

REMOTE_ORIGIN = "remote"
"""Origin of answers of which servers gave the figures."""
DEFAULT_LISTED = 20
"""Most probable tokens that a server is asked for; vLLM's own limit unless it is raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerModel:
    """A model behind a server with OpenAI's protocol that returns `prompt_logprobs`, as vLLM does.

    The key is not part of it: it is read from the environment whenever the server is asked.
    """

    url: str
    """Such as http://127.0.0.1:8000/v1."""
    model: str
    """Name under which the server has it."""
    tokenizer: str
    """Local folder of the model's tokenizer, or its tokenizer.json."""

    def __post_init__(self) -> None:
        for name in ("url", "model", "tokenizer"):
            if not getattr(self, name).strip():
                raise InputError(
                    f"A model behind a server lacks its {name}: give the server's url, the "
                    "model's name there, and a local folder with its tokenizer."
                )

        if "?" in self.url or "#" in self.url:
            raise InputError(
                "A server's address may not contain ? or #: what follows could be a key, which "
                "belongs in the environment variable ITLIM_API_KEY."
            )

    @property
    def shown(self) -> str:
        """The model and its server, as one text."""
        return f"{self.model} at {self.url}"


RemoteSource = ServerModel | ModelSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePair:
    """A base and a tuned model of which at least one is behind a server.

    Raises:
        InputError: both models are local.
    """

    name: str
    base: RemoteSource
    tuned: RemoteSource
    template: str | PromptTemplate = "alpaca"
    dataset: str | None = None
    """Name of the dataset on which the tuned model was tuned, if known."""
    note: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.base, ModelSource) and isinstance(self.tuned, ModelSource):
            raise InputError(
                f"Neither model of the pair {self.name!r} is behind a server: add it as a pair of "
                "local models."
            )

    @property
    def template_name(self) -> str:
        return self.template if isinstance(self.template, str) else self.template.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRequest:
    """One question to a pair behind servers."""

    pair: RemotePair
    instruction: str
    input: str = ""
    response: str | None = None
    """Text to score; None lets the tuned model answer greedily."""
    max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS
    top_k: int = DEFAULT_LISTED
    """Most probable tokens to ask a server for; 0 asks for the tokens of the response alone."""

    def __post_init__(self) -> None:
        if not 0 <= self.top_k <= 1_000_000:
            raise InputError(f"top_k is {self.top_k}: expected 0 or more.")
        check_texts(self.instruction, self.response, self.max_new_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRun:
    """One scored response of a pair behind servers. Its figures are not those of a `Run`."""

    run_id: str
    """That of the answer without measures, under which all other pages find its text."""
    created_at: datetime
    pair: str
    base: str
    """The model and its server, or its local path."""
    tuned: str
    template: str
    instruction: str
    input: str
    prompt: str
    prompt_token_ids: list[int]
    response: str
    decoding: str
    max_new_tokens: int | None
    finish_reason: str
    marginal_above: int
    shifted_above: int
    base_top_k: int | None
    """Most probable tokens that the server gave per position; None for a local model, of which
    every probability is known."""
    tuned_top_k: int | None
    notices: tuple[str, ...] = ()
    itlim_version: str
    tokens: pa.Table
    """`schema.REMOTE_TOKENS`, in order of position."""


def without_servers(run: RemoteRun) -> RemoteRun:
    """The run without the addresses of its servers, as a public server shows it."""
    named = {shown: shown.split(" at http")[0] for shown in (run.base, run.tuned)}
    notices = run.notices
    for shown, short in named.items():
        notices = tuple(notice.replace(shown, short) for notice in notices)
    return replace(run, base=named[run.base], tuned=named[run.tuned], notices=notices)


def figures_of(run: RemoteRun) -> Mapping[str, Any]:
    """The fields of a run without its tokens, as values that JSON has."""
    names = (name for name in RemoteRun.__slots__ if name != "tokens")
    return {name: getattr(run, name) for name in names} | {
        "created_at": run.created_at.isoformat(),
        "notices": list(run.notices),
    }
