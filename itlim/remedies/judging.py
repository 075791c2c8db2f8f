"""Ask a judge for ratings of responses; raw answer, parse status and scores are kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError
from itlim.progress import Cancelled, StepProgress
from itlim.records.ratings import JUDGE_RATINGS, Aspect
from itlim.remedies.chat import ChatRequest, Reply, Usage
from itlim.remedies.judge_conversation import MAX_REASKS, Conversation, forget_if_failed
from itlim.remedies.judge_prompt import PROMPT_VERSION, judge_prompt, ratings_schema
from itlim.remedies.kept_replies import KeptReplies, ask_kept

_IN_FILES = {"run_id": "response_id", "pair": "model"}
"""Names of columns in files: a response need not be stored, and its model need not be a pair."""
RATINGS = pa.schema([one.with_name(_IN_FILES.get(one.name, one.name)) for one in JUDGE_RATINGS])
"""One row per response. A null score was not given; `raw` is null if no answer arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A response that is to be rated."""

    response_id: str
    model: str
    """The pair or model that gave the response."""
    instruction: str
    response: str
    task: str | None = None


def rate(
    settings: EndpointSettings,
    responses: Sequence[Rated],
    kept: KeptReplies,
    *,
    structured: bool = True,
    rated_at: datetime | None = None,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
) -> tuple[pa.Table, Usage]:
    """Rate responses; answers that cannot be parsed are asked again at most `MAX_REASKS` times.

    Args:
        settings: server and model of the judge.
        responses: what to rate.
        kept: earlier replies, which are not asked again, except those of failed ratings.
        structured: ask for structured output; what a server refuses is asked without.
        rated_at: time to note with the ratings.
        progress: called with finished answers, their total number, and tokens so far.
        cancelled: asked before each request.

    Returns:
        Rows of `RATINGS` in the order of the responses, and the tokens that were used now.

    Raises:
        CancelledError: `cancelled` returned True; replies up to then are kept.
        EndpointSetupError: key, address or model is wrong.
    """
    usage = Usage()
    judge = Judge(settings, kept, structured=structured, usage=usage, cancelled=cancelled)
    return judge.rate(responses, rated_at=rated_at, progress=progress), usage


class Judge:
    """Rates responses, part by part; what a part shows about the server counts for the next.

    Args:
        settings: server and model.
        kept: earlier replies, which are not asked again, except those of failed ratings.
        structured: ask for structured output; what a server refuses is asked without.
        usage: receives the tokens of each reply as it arrives.
        cancelled: asked before each request.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        kept: KeptReplies,
        *,
        structured: bool = True,
        usage: Usage | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> None:
        self.usage = Usage() if usage is None else usage
        self._settings, self._kept, self._cancelled = settings, kept, cancelled
        self._options: dict[str, Any] = {"temperature": 0.0}
        if structured:
            self._options["response_format"] = ratings_schema()

    def rate(
        self,
        responses: Sequence[Rated],
        *,
        rated_at: datetime | None = None,
        progress: StepProgress | None = None,
    ) -> pa.Table:
        """Rows of `RATINGS` in the order of the responses; for arguments and errors see `rate`."""
        asked = self._first(responses, self._options, progress)
        if "response_format" in self._options:
            self._ask_without_format(responses, asked, progress)
        for _ in range(MAX_REASKS):
            unread = [one for one in asked if one.is_worth_asking]
            replies = self._ask([one.ask_again() for one in unread], progress)
            for one, reply in zip(unread, replies, strict=True):
                one.add(reply)
        rows = [
            _row(self._settings, one, found) | {"rated_at": rated_at}
            for one, found in zip(responses, asked, strict=True)
        ]
        return pa.Table.from_pylist(rows, schema=RATINGS)

    def _first(
        self,
        responses: Sequence[Rated],
        options: dict[str, Any],
        progress: StepProgress | None,
    ) -> list[Conversation]:
        requests = [_request(one, options) for one in responses]
        for request in requests:
            forget_if_failed(self._kept, self._settings, request)
        return list(map(Conversation.of, requests, self._ask(requests, progress)))

    def _ask_without_format(
        self,
        responses: Sequence[Rated],
        asked: list[Conversation],
        progress: StepProgress | None,
    ) -> None:
        """Ask again what may have failed because of the format, and replace it in `asked`.

        Later parts are asked without the format if the server answers nothing with it.
        """
        refused = [place for place, one in enumerate(asked) if _may_refuse_format(one.reply)]
        if not refused:
            return
        options = {name: one for name, one in self._options.items() if name != "response_format"}
        again = self._first([responses[place] for place in refused], options, progress)
        for place, one in zip(refused, again, strict=True):
            asked[place] = one
        if len(refused) == len(asked) and any(isinstance(one.reply, Reply) for one in again):
            self._options = options

    def _ask(
        self, wanted: Sequence[ChatRequest], progress: StepProgress | None
    ) -> list[Reply | EndpointError]:
        replies, _ = ask_kept(
            self._settings,
            wanted,
            self._kept,
            progress=progress,
            cancelled=self._cancelled,
            usage=self.usage,
        )
        return replies


def stored_rows(ratings: pa.Table) -> pa.Table:
    """Ratings of stored answers as the database has them, `records.ratings.JUDGE_RATINGS`."""
    return ratings.rename_columns(JUDGE_RATINGS.names)


def file_rows(ratings: pa.Table) -> pa.Table:
    """Ratings of the database as files have them, `RATINGS`."""
    return ratings.rename_columns(RATINGS.names)


def _request(one: Rated, options: dict[str, Any]) -> ChatRequest:
    prompt = judge_prompt(one.instruction, one.response)
    return ChatRequest(messages=(("user", prompt),), options=dict(options))


def _may_refuse_format(reply: Reply | EndpointError) -> bool:
    """Whether the server answered with a status that servers without structured output give."""
    return isinstance(reply, EndpointError) and reply.status in (400, 422, 500, 501)


def _row(settings: EndpointSettings, one: Rated, found: Conversation) -> dict[str, Any]:
    ratings = found.best
    return {
        "response_id": one.response_id,
        "model": one.model,
        "instruction": one.instruction,
        "task": one.task,
        "judge": settings.model,
        "prompt_version": PROMPT_VERSION,
        "status": str(ratings.status),
        "problem": ratings.problem,
        "n_asked": found.n_asked,
        "raw": found.raw,
        **{str(aspect): ratings.scores.get(aspect) for aspect in Aspect},
        **{f"{aspect}_reason": ratings.reasons.get(aspect) for aspect in Aspect},
    }
