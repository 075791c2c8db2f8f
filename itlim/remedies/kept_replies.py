"""Replies of a server on disk, so that nothing is asked or paid for twice."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import CancelledError, EndpointError
from itlim.progress import Cancelled, StepProgress
from itlim.records.from_json import record_of
from itlim.remedies.chat import ChatRequest, Reply, Usage, request_id
from itlim.remedies.endpoint import ask_all


class KeptReplies:
    """A JSON Lines file of replies by the hash of server, model and request.

    Each reply is written as soon as it arrives; a line that a killed process left incomplete is
    ignored, and its request is sent again.

    Args:
        path: the file; it is created with the first reply.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._replies: dict[str, Reply] = {}
        if path.exists():
            for line in path.read_bytes().split(b"\n"):
                found = _kept(line)
                if found is not None:
                    name, reply = found
                    self._replies[name] = reply

    def __len__(self) -> int:
        return len(self._replies)

    def get(self, settings: EndpointSettings, request: ChatRequest) -> Reply | None:
        """The kept reply to a request; None if there is none."""
        return self._replies.get(request_id(settings, request))

    def keep(self, settings: EndpointSettings, request: ChatRequest, reply: Reply) -> None:
        """Write a reply to disk, unless it is there already."""
        name = request_id(settings, request)
        if self._replies.get(name) == reply:
            return
        self._replies[name] = reply
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"request": name, **asdict(reply)}, ensure_ascii=False)
        is_cut = _has_cut_line(self.path)
        with self.path.open("a", encoding="utf-8") as file:
            # A killed process may have left a line without its end.
            file.write(("\n" if is_cut else "") + line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def forget(self, settings: EndpointSettings, requests: Iterable[ChatRequest]) -> None:
        """Let requests be sent again, although their replies are kept.

        In the file, the new reply follows the earlier one, and the last one counts.
        """
        for request in requests:
            self._replies.pop(request_id(settings, request), None)

    def forget_unusable(
        self,
        settings: EndpointSettings,
        requests: Iterable[ChatRequest],
        is_usable: Callable[[Reply], bool],
    ) -> None:
        """Forget kept replies that cannot be used, so that a repeated attempt asks again."""
        found = ((request, self.get(settings, request)) for request in requests)
        self.forget(settings, [one for one, reply in found if reply and not is_usable(reply)])


def ask_kept(
    settings: EndpointSettings,
    requests: Sequence[ChatRequest],
    kept: KeptReplies,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
    usage: Usage | None = None,
) -> tuple[list[Reply | EndpointError], Usage]:
    """The replies to all requests; only those that are not kept are sent, equal ones once.

    Args:
        settings: server, model and limits.
        requests: what to ask.
        kept: earlier replies; new ones are added. Failures are not kept.
        progress: called with finished requests, their total number, and tokens so far.
        cancelled: asked before each request.
        usage: tokens of earlier requests, to which those of each new reply are added.

    Returns:
        One reply or failure per request, in their order, and the tokens that were used now, with
        those of `usage`.

    Raises:
        CancelledError: `cancelled` returned True; replies up to then are kept.
        EndpointSetupError: key, address or model is wrong.
    """
    found: dict[int, Reply | EndpointError] = {}
    missing = []
    for number, request in enumerate(requests):
        reply = kept.get(settings, request)
        if reply is None:
            missing.append(number)
        else:
            found[number] = reply
    done_before = len(found)

    def answered(place: int, reply: Reply | EndpointError) -> None:
        number = missing[place]
        found[number] = reply
        if isinstance(reply, Reply):
            kept.keep(settings, requests[number], reply)

    def report(done: int, _total: int, text: str) -> None:
        if progress is not None:
            progress(done_before + done, len(requests), text)

    usage = Usage() if usage is None else usage
    if missing:
        wanted = [requests[number] for number in missing]
        ask_all(settings, wanted, answered, progress=report, cancelled=cancelled, usage=usage)
    if len(found) < len(requests):
        raise CancelledError(
            f"Canceled after {len(found):,} of {len(requests):,} replies, which are kept."
        )
    return [found[number] for number in range(len(requests))], usage


def _kept(line: bytes) -> tuple[str, Reply] | None:
    """Hash of a request and the reply to it; None for a line that is cut or damaged."""
    try:
        # A line may be cut inside a character, so each is decoded by itself.
        row = json.loads(line.decode("utf-8"))
        name = row.pop("request")
        return (name, record_of(Reply, row)) if isinstance(name, str) else None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None


def _has_cut_line(path: Path) -> bool:
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
