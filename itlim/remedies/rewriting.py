"""Ask a server for texts of new rows: what counts as a usable reply, and what each row asks."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError
from itlim.progress import Cancelled, StepProgress
from itlim.remedies.chat import ChatRequest, Reply, Usage
from itlim.remedies.kept_replies import KeptReplies, ask_kept

TEMPERATURE = 0.0
_LABEL = re.compile(r"^\W*(?:simplified response|rewritten prompt|created prompt)\W*[:#]\s*", re.I)


def host_of(settings: EndpointSettings) -> str:
    """The server's host and port, for the lineage.

    >>> host_of(EndpointSettings(base_url="http://127.0.0.1:8000/v1", model="m"))
    '127.0.0.1:8000'
    """
    return urlsplit(settings.base_url).netloc


def query_of(row: Mapping[str, Any]) -> str:
    """Instruction and input of an instance as one text."""
    return f"{row['instruction']}\n{row['input']}".strip()


def filled(prompt: str, texts: Mapping[str, str]) -> str:
    """A prompt with its places filled; texts are inserted as they are, also with braces.

    >>> filled("{a} {b}", {"a": "{b}", "b": "x"})
    '{b} x'
    """
    return re.sub(r"\{(\w+)\}", lambda found: texts.get(found[1], found[0]), prompt)


def ask(
    settings: EndpointSettings,
    prompts: Sequence[str],
    kept: KeptReplies,
    total: Usage,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
) -> "list[str | EndpointError]":
    """The usable texts of the replies, or why there is none, in the order of the prompts.

    Args:
        settings: server, model and limits.
        prompts: what to ask.
        kept: earlier replies, which are not asked again if they can be used.
        total: the tokens used are added to it.
        progress: called with finished requests, their total number, and tokens so far.
        cancelled: asked before each request.

    Raises:
        CancelledError: `cancelled` returned True; replies up to then are kept.
        EndpointSetupError: key, address or model is wrong.
    """
    options = {"temperature": TEMPERATURE}
    requests = [ChatRequest(messages=(("user", text),), options=options) for text in prompts]
    kept.forget_unusable(settings, requests, lambda reply: isinstance(_usable(reply), str))
    replies, _ = ask_kept(
        settings, requests, kept, progress=progress, cancelled=cancelled, usage=total
    )
    return [one if isinstance(one, EndpointError) else _usable(one) for one in replies]


def _usable(reply: Reply) -> "str | EndpointError":
    """The text of a reply without a repeated label."""
    if reply.finish_reason != "stop":
        return EndpointError(
            f"The reply is not complete (it ended because of {reply.finish_reason!r})."
        )
    text = _LABEL.sub("", reply.text.strip()).strip()
    return text or EndpointError("The reply is empty.")
