"""A queue for background work: a few tasks at a time, the others in order of arrival."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from itlim.errors import BusyError, CancelledError
from itlim.progress import Cancelled
from itlim.text.messages import plural

_CHECK_SECONDS = 0.2


class TurnQueue:
    """Admits a few callers at a time, first come, first served.

    Args:
        places: number of callers that are admitted at the same time.
        longest: number of callers, admitted or waiting, beyond which another one is rejected; None
            for no limit.
    """

    def __init__(self, places: int = 1, *, longest: int | None = None) -> None:
        self._places, self._longest = places, longest
        self._tickets: list[object] = []
        self._changed = threading.Condition(threading.RLock())

    def enter(self) -> object:
        """Take a ticket; `turn` or `leave` gives it back.

        Raises:
            BusyError: the queue is full.
        """
        ticket = object()
        with self._changed:
            if self._longest is not None and len(self._tickets) >= self._longest:
                raise BusyError(
                    f"This server is busy: {plural(len(self._tickets), 'task')} in progress or "
                    "waiting. Try again in a minute. Stored answers can be read meanwhile."
                )
            self._tickets.append(ticket)
        return ticket

    def enter_now(self) -> object:
        """Take a ticket if a place is free at once.

        Raises:
            BusyError: all places are taken.
        """
        with self._changed:
            if len(self._tickets) >= self._places:
                raise BusyError(
                    f"This server is busy: {plural(len(self._tickets), 'task')} in progress or "
                    "waiting. Try again in a minute."
                )
            return self.enter()

    def leave(self, ticket: object) -> None:
        """Give a ticket back."""
        with self._changed:
            self._tickets.remove(ticket)
            self._changed.notify_all()

    @contextmanager
    def turn(
        self,
        waiting: Callable[[int], None],
        cancelled: Cancelled,
        *,
        ticket: object | None = None,
    ) -> Iterator[None]:
        """Wait for a free place, then run the block in it.

        Args:
            waiting: called with the number of earlier callers that have to end first.
            cancelled: called a few times per second; returns True to leave the queue.
            ticket: from `enter`; a new one if None.

        Raises:
            BusyError: the queue is full.
            CancelledError: `cancelled` returned True while waiting.
        """
        ticket = self.enter() if ticket is None else ticket
        try:
            with self._changed:
                while (before := self._tickets.index(ticket) - self._places + 1) > 0:
                    if cancelled():
                        raise CancelledError("Canceled while waiting for earlier work.")
                    waiting(before)
                    self._changed.wait(_CHECK_SECONDS)
            yield
        finally:
            self.leave(ticket)
