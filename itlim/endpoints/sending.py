"""Send requests to a server with OpenAI's protocol, within rates and with repeated attempts.

Failed requests are repeated here, not by the client library, so that there is one place that
decides. `keys` decides which server gets the key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from itlim.endpoints.keys import is_withheld, key_for, key_note, without_key
from itlim.endpoints.settings import KEY_VARIABLES, EndpointSettings
from itlim.errors import CancelledError, EndpointError, EndpointSetupError
from itlim.progress import Cancelled
from itlim.text.messages import plural

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter
    from openai import APIConnectionError, APIStatusError, AsyncOpenAI
    from tenacity import RetryCallState

_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT = 120.0
_BETWEEN_CHECKS = 0.1
"""Seconds after which a waiting request notices that it was canceled."""
_NO_KEY = "none"
"""What is sent in place of a key, because the client library wants one."""
_SHOWN = 300
"""Characters of a server's answer that a message quotes."""

Found = TypeVar("Found")
Call = Callable[["AsyncOpenAI"], Awaitable[Found]]
"""One attempt at a request; it raises ValueError for an answer that cannot be read."""


def send_all(
    settings: EndpointSettings,
    calls: Sequence[Call[Found]],
    answered: Callable[[int, Found | EndpointError], None],
    *,
    kind: str,
    cancelled: Cancelled = lambda: False,
) -> None:
    """Send requests, within the limits of the settings; failures do not stop the others.

    Args:
        settings: server, model and limits.
        calls: one attempt at each request.
        answered: called with the number of a request and its answer or failure, in the order of
            completion, once for each request that was finished.
        kind: part of the protocol that is used, for messages: "chat" or "completion".
        cancelled: asked before each attempt and while waiting for one; True stops. Requests under
            way are finished, all others are dropped.

    Raises:
        EndpointSetupError: key, address or model is wrong, so no request could succeed.
    """
    # On a thread of its own: the caller's may have a running event loop, as in a notebook.
    with ThreadPoolExecutor(1) as thread:
        work = _send_all(settings, calls, answered, kind, cancelled)
        thread.submit(asyncio.run, work).result()


async def _send_all(
    settings: EndpointSettings,
    calls: Sequence[Call[Found]],
    answered: Callable[[int, Found | EndpointError], None],
    kind: str,
    cancelled: Cancelled,
) -> None:
    from aiolimiter import AsyncLimiter
    from openai import AsyncOpenAI

    is_set_up = True
    # A bucket of one request: no burst at the start, which many servers punish.
    limiter = AsyncLimiter(1, 60.0 / settings.requests_per_minute)
    slots = asyncio.Semaphore(settings.concurrency)
    async with AsyncOpenAI(
        base_url=settings.base_url,
        api_key=key_for(settings) or _NO_KEY,
        max_retries=0,
        timeout=settings.timeout,
    ) as client:

        async def one(number: int, call: Call[Found]) -> None:
            nonlocal is_set_up
            async with slots:
                if cancelled() or not is_set_up:
                    return
                try:
                    found: Found | EndpointError = await _send(
                        client, settings, call, limiter, kind, cancelled
                    )
                except CancelledError:
                    return
                except EndpointSetupError:
                    is_set_up = False  # all others would fail in the same way
                    raise
                except EndpointError as error:
                    found = error
            answered(number, found)

        refused: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as group:
                for number, call in enumerate(calls):
                    group.create_task(one(number, call))
        except* EndpointSetupError as errors:
            refused += errors.exceptions
        # Outside: what is raised in `except*` is a group again.
        for error in refused:
            raise error from None


async def _send(
    client: "AsyncOpenAI",
    settings: EndpointSettings,
    call: Call[Found],
    limiter: "AsyncLimiter",
    kind: str,
    cancelled: Cancelled,
) -> Found:
    """One request, repeated after failures that may pass.

    Raises:
        CancelledError: `cancelled` returned True before an attempt was sent.
        EndpointError: it failed in the end.
    """
    from openai import APIConnectionError, APIError, APIStatusError
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

    async def attempt() -> Found:
        await _unless_cancelled(limiter.acquire(), cancelled)
        return await call(client)

    # Not stamina: it logs what a server says, and its waits cannot be canceled.
    repeated = AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(settings.attempts),
        wait=_seconds_to_wait,
        sleep=lambda seconds: _unless_cancelled(asyncio.sleep(seconds), cancelled),
        reraise=True,
    )
    try:
        return await repeated(attempt)
    except APIStatusError as error:
        raise _status_error(error, settings, kind) from None
    except APIConnectionError as error:
        raise _connection_error(error, settings) from None
    except (APIError, ValueError) as error:
        raise EndpointError(
            f"{settings.base_url} sent something that is not a {kind} answer "
            f"({without_key(str(error))[:_SHOWN]}). Is it a server with OpenAI's protocol?"
        ) from None


async def _unless_cancelled(waiting: Coroutine[Any, Any, None], cancelled: Cancelled) -> None:
    """Wait for something that costs nothing.

    Raises:
        CancelledError: `cancelled` returned True meanwhile.
    """
    task = asyncio.ensure_future(waiting)
    try:
        while not cancelled():
            if task.done():
                return task.result()
            await asyncio.wait([task], timeout=_BETWEEN_CHECKS)
    finally:
        task.cancel()
    raise CancelledError("The request was canceled before it was sent.")


def _may_pass(error: BaseException) -> bool:
    """Whether a failure may pass, so that the request is repeated."""
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, APIStatusError):
        return error.status_code in _TRANSIENT and _code(error) != "insufficient_quota"
    return isinstance(error, APIConnectionError)


def _seconds_to_wait(state: "RetryCallState") -> float:
    """Seconds before the next attempt: as many as the server wants, else more each time."""
    from openai import APIStatusError
    from tenacity import wait_exponential_jitter

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, APIStatusError):
        try:
            stated = float(error.response.headers["retry-after"])
        except (KeyError, ValueError):
            stated = -1.0
        if stated >= 0:
            return min(stated, _LONGEST_WAIT)
    return wait_exponential_jitter(initial=0.1, max=_LONGEST_WAIT)(state)


def _connection_error(error: "APIConnectionError", settings: EndpointSettings) -> EndpointError:
    from openai import APITimeoutError

    attempts = plural(settings.attempts, "attempt")
    if isinstance(error, APITimeoutError):
        return EndpointError(
            f"{settings.base_url} did not answer within {settings.timeout:g} s in {attempts}. Is "
            "the server running?"
        )
    # The type alone: texts of the libraries below may quote headers.
    return EndpointError(
        f"The connection to {settings.base_url} failed in {attempts} "
        f"({type(error.__cause__ or error).__name__}). Is the server running?"
    )


def _status_error(error: "APIStatusError", settings: EndpointSettings, kind: str) -> EndpointError:
    message = error.body.get("message") if isinstance(error.body, dict) else None
    said = without_key(str(message or error.message))[:_SHOWN]
    if error.status_code in (401, 403):
        return _key_error(f"{error.status_code}: {said}", settings)
    if error.status_code == 404:
        return EndpointSetupError(
            f"{settings.base_url} has no model {settings.model!r} or no {kind} address "
            f"({error.status_code}: {said}). The address usually ends in /v1."
        )
    if _code(error) == "insufficient_quota":
        return EndpointSetupError(f"{settings.base_url} says that the quota is used up: {said}")
    return EndpointError(
        f"{settings.base_url} answered with status {error.status_code}: {said}",
        status=error.status_code,
    )


def _key_error(said: str, settings: EndpointSettings) -> EndpointSetupError:
    if key_for(settings) is None and is_withheld(settings.base_url):
        return EndpointSetupError(
            f"{settings.base_url} refused a request without a key ({said}). "
            f"{key_note(settings.base_url)} Name it there if it may have the key."
        )
    return EndpointSetupError(
        f"{settings.base_url} refused the key ({said}). Set {KEY_VARIABLES[0]} or "
        f"{KEY_VARIABLES[1]} to a valid key."
    )


def _code(error: "APIStatusError") -> str | None:
    body = error.body
    return str(body.get("code")) if isinstance(body, dict) else None
