"""Ask many chat requests of a server with OpenAI's protocol."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from itlim.endpoints.keys import answer_without_key
from itlim.endpoints.sending import Call, send_all
from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError
from itlim.progress import Cancelled, StepProgress
from itlim.remedies.chat import ChatRequest, Reply, Usage, request_id
from itlim.text.unicode import as_unicode

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Answered = Callable[[int, "Reply | EndpointError"], None]
"""Called with the number of a request and its reply or failure, in the order of completion."""


def ask_all(
    settings: EndpointSettings,
    requests: Sequence[ChatRequest],
    answered: Answered,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
    usage: Usage | None = None,
) -> Usage:
    """Send requests, within the limits of the settings; failures do not stop the others.

    Equal requests are sent once, and each gets the reply.

    Args:
        settings: server, model and limits.
        requests: what to ask.
        answered: called once for each request that was finished.
        progress: called with finished requests, their total number, and tokens so far.
        cancelled: asked before each attempt; True stops, and requests that wait are dropped.
        usage: tokens of earlier requests, to which those of each reply are added as it arrives.

    Returns:
        The tokens used, with those of `usage`.

    Raises:
        EndpointSetupError: key, address or model is wrong, so no request could succeed.
    """
    used = Usage() if usage is None else usage
    done = 0
    equal: dict[str, list[int]] = {}
    for number, request in enumerate(requests):
        equal.setdefault(request_id(settings, request), []).append(number)
    sent = list(equal.values())

    def finished(place: int, reply: Reply | EndpointError) -> None:
        nonlocal done
        if isinstance(reply, Reply):
            used.add(reply)
        for number in sent[place]:
            answered(number, reply)
        done += len(sent[place])
        if progress is not None:
            progress(done, len(requests), used.spent(settings))

    calls = [_call(settings, requests[numbers[0]]) for numbers in sent]
    send_all(settings, calls, finished, kind="chat", cancelled=cancelled)
    return used


def _call(settings: EndpointSettings, request: ChatRequest) -> Call[Reply]:
    messages: Any = [{"role": role, "content": text} for role, text in request.messages]

    async def call(client: "AsyncOpenAI") -> Reply:
        answer = await client.chat.completions.create(
            model=settings.model, messages=messages, **request.options
        )
        return _reply(answer)

    return call


def _reply(answer: Any) -> Reply:
    """The text of a chat answer; whatever else a server sends raises ValueError."""
    choices = getattr(answer, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise ValueError(f"no choices in {answer!r}")
    text = choices[0].message.content
    if not isinstance(text, str):
        raise ValueError("the answer has no text")
    usage = getattr(answer, "usage", None)
    return Reply(
        text=answer_without_key(as_unicode(text)),
        finish_reason=answer_without_key(str(choices[0].finish_reason or "stop")),
        prompt_tokens=int(getattr(usage, "prompt_tokens", 0) or 0),
        completion_tokens=int(getattr(usage, "completion_tokens", 0) or 0),
    )
