"""Ask a judge which words of a response are wrong; its quotes are suggestions, never marks.

The prompt is itlim's own and is asked apart from the paper's, whose scores it does not change.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from itlim.endpoints.settings import EndpointSettings
from itlim.progress import Cancelled, StepProgress
from itlim.records.ratings import JUDGE_QUOTES
from itlim.remedies.chat import ChatRequest, Reply, Usage
from itlim.remedies.judge_prompt import Reason
from itlim.remedies.judging import Rated
from itlim.remedies.kept_replies import KeptReplies, ask_kept
from itlim.text.unicode import as_unicode

PROMPT_VERSION = "itlim-quotes/1"
MAX_QUOTES = 20
"""Number of quotes that are read from a reply."""
_PROMPT = (
    "Which words of this answer are factually wrong? Quote each wrong phrase exactly as it is in "
    "the answer, as short as possible, and give a reason. Answer with JSON alone: "
    '{"quotes": [{"quote": "…", "reason": "…"}]}. If nothing is wrong, the list is empty.',
    "\n\n## Instruction\n",
    "\n\n## Answer\n",
)
_OPENING = re.compile(r"\{")


class _Quote(BaseModel):
    model_config = ConfigDict(extra="ignore")
    quote: str
    reason: Reason = ""


class _Quotes(BaseModel):
    model_config = ConfigDict(extra="ignore")
    quotes: list[_Quote]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotesFound:
    """Quotes of some responses, and what could not be used."""

    quotes: pa.Table
    """`records.ratings.JUDGE_QUOTES`."""
    asked: tuple[str, ...]
    """Ids of the responses about which a reply was read."""
    n_failed: int
    """Responses without a reply that can be read."""
    n_not_found: int
    """Quotes that do not occur in their response, and are left out."""


def quote_errors(
    settings: EndpointSettings,
    responses: Sequence[Rated],
    kept: KeptReplies,
    *,
    rated_at: datetime | None = None,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
    usage: Usage | None = None,
) -> QuotesFound:
    """Ask for quotes of what is wrong; arguments and errors as for `judging.rate`."""
    requests = [_request(one) for one in responses]
    kept.forget_unusable(settings, requests, lambda reply: parse_quotes(reply.text) is not None)
    replies, _ = ask_kept(
        settings, requests, kept, progress=progress, cancelled=cancelled, usage=usage
    )
    rows: list[dict[str, Any]] = []
    asked, n_not_found = [], 0
    for one, reply in zip(responses, replies, strict=True):
        said = parse_quotes(reply.text) if isinstance(reply, Reply) else None
        if said is None:
            continue
        asked.append(one.response_id)
        places = {place: why for quote, why in said if (place := find_quote(quote, one.response))}
        n_not_found += sum(find_quote(quote, one.response) is None for quote, _ in said)
        rows += [
            {
                "run_id": one.response_id,
                "judge": settings.model,
                "prompt_version": PROMPT_VERSION,
                "start": start,
                "stop": stop,
                "quote": one.response[start:stop],
                "reason": why,
                "rated_at": rated_at,
            }
            for (start, stop), why in places.items()
        ]
    return QuotesFound(
        quotes=pa.Table.from_pylist(rows, schema=JUDGE_QUOTES),
        asked=tuple(asked),
        n_failed=len(responses) - len(asked),
        n_not_found=n_not_found,
    )


def parse_quotes(text: str) -> list[tuple[str, str]] | None:
    """Quote and reason of each entry of a reply; None if the reply cannot be read.

    >>> parse_quotes('Sure: {"quotes": [{"quote": "in 1945", "reason": "1937"}]}')
    [('in 1945', '1937')]
    >>> parse_quotes('{"quotes": []}'), parse_quotes("Nothing is wrong.")
    ([], None)
    """
    decoder = json.JSONDecoder()
    for match in list(_OPENING.finditer(text))[:MAX_QUOTES]:
        try:
            found = _Quotes.model_validate(decoder.raw_decode(text, match.start())[0])
        except (ValueError, ValidationError, RecursionError):
            continue
        return [
            (as_unicode(one.quote), as_unicode(one.reason)) for one in found.quotes[:MAX_QUOTES]
        ]
    return None


def find_quote(quote: str, response: str) -> tuple[int, int] | None:
    """Code points of the first occurrence of a quote; None if the response does not contain it.

    >>> find_quote(" in 1945. ", "Founded in 1945.")
    (8, 16)
    """
    words = quote.strip()
    start = response.find(words) if words else -1
    return None if start < 0 else (start, start + len(words))


def quotes_prompt(instruction: str, response: str) -> str:
    """The prompt that asks for quotes; texts are inserted as they are."""
    asks, asked, answer = _PROMPT
    return asks + asked + instruction + answer + response


def _request(one: Rated) -> ChatRequest:
    text = quotes_prompt(one.instruction, one.response)
    return ChatRequest(messages=(("user", text),), options={"temperature": 0.0})
