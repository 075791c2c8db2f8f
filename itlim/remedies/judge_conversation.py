"""One response's conversation with a judge: what is asked, asked again, and the best ratings."""

from dataclasses import dataclass

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError
from itlim.records.ratings import Aspect, ParseStatus
from itlim.remedies.chat import ChatRequest, Reply
from itlim.remedies.judge_prompt import Ratings, parse_ratings
from itlim.remedies.kept_replies import KeptReplies

MAX_REASKS = 2
"""How often an answer without complete ratings is asked again."""


@dataclass(slots=True)
class Conversation:
    """The state of one response: what was asked last, the latest reply, and the best so far."""

    request: ChatRequest
    reply: Reply | EndpointError
    latest: Ratings
    best: Ratings
    raw: str | None
    """The reply of the best ratings; None if none arrived."""
    n_asked: int = 1

    @classmethod
    def of(cls, request: ChatRequest, reply: Reply | EndpointError) -> "Conversation":
        """The conversation after its first reply."""
        found = _parsed(reply)
        return cls(request, reply, found, found, _text(reply))

    @property
    def is_worth_asking(self) -> bool:
        """Whether the judge answered without complete ratings; "N/A" is an answer."""
        is_failure = isinstance(self.reply, EndpointError)  # which the client has repeated
        return not is_failure and len(self.best.reasons) < len(Aspect)

    def ask_again(self) -> ChatRequest:
        """The conversation so far, and what is wrong with the latest answer."""
        problem = (
            f"Your answer cannot be read: {self.latest.problem}. Answer with the JSON object "
            "alone, with a reason and a whole score from 1 to 5 for each of the five aspects."
        )
        said = ("assistant", _text(self.reply) or "")
        messages = (*self.request.messages, said, ("user", problem))
        self.request = ChatRequest(messages=messages, options=self.request.options)
        return self.request

    def add(self, reply: Reply | EndpointError) -> None:
        """Keep a further reply if it has more scores than the best one."""
        self.n_asked += 1
        self.reply, self.latest = reply, _parsed(reply)
        if len(self.latest.scores) > len(self.best.scores):
            self.best, self.raw = self.latest, _text(reply)


def forget_if_failed(kept: KeptReplies, settings: EndpointSettings, request: ChatRequest) -> None:
    """Forget a kept conversation that ended without any rating, so that it is had again.

    One that a canceled run left unfinished is continued instead.

    Args:
        kept: earlier replies.
        settings: the server that was asked.
        request: the first request of the conversation.
    """
    requests = [request]
    first = kept.get(settings, request)
    if first is None:
        return
    found = Conversation.of(request, first)
    while found.is_worth_asking and found.n_asked <= MAX_REASKS:
        requests.append(found.ask_again())
        reply = kept.get(settings, requests[-1])
        if reply is None:
            return
        found.add(reply)
    if found.best.status is ParseStatus.FAILED:
        kept.forget(settings, requests)


def _parsed(reply: Reply | EndpointError) -> Ratings:
    if isinstance(reply, EndpointError):
        return Ratings(status=ParseStatus.FAILED, scores={}, reasons={}, problem=str(reply))
    return parse_ratings(reply.text)


def _text(reply: Reply | EndpointError) -> str | None:
    return reply.text if isinstance(reply, Reply) else None
