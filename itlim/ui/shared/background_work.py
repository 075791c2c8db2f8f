"""Background threads that pages poll instead of waiting for them.

The thread never calls Streamlit: it sets attributes of its object, and a fragment polls them. It
stores its results before `done` turns true, so closing the tab loses nothing.
"""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Self

from itlim.disk import full_error_of
from itlim.errors import CancelledError, ItlimError
from itlim.text.messages import plural
from itlim.ui.shared.turn_queue import TurnQueue

logger = logging.getLogger(__name__)


class BackgroundWork(ABC):
    """One task on its own thread, with its progress and its error.

    Args:
        name: name of the thread, for logs and debuggers.
    """

    def __init__(self, name: str) -> None:
        self.fraction = 0.0
        self.phase = "Starting"
        self.error: ItlimError | None = None
        self._cancel = threading.Event()
        self._turn: tuple[TurnQueue, object] | None = None
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self, queue: TurnQueue | None = None) -> Self:
        """Start the thread and return immediately.

        Args:
            queue: the thread waits for its turn there before it begins.

        Raises:
            BusyError: the queue is full; the thread was not started.
        """
        if queue is not None:
            self._turn = queue, queue.enter()
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Request that the task stop at its next check."""
        self._cancel.set()

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds`, so that a page can show a short task's result in the same run."""
        self._thread.join(seconds)

    @property
    def done(self) -> bool:
        """Whether the thread has ended, with a result or with an error."""
        return self._thread.ident is not None and not self._thread.is_alive()

    @property
    def was_cancelled(self) -> bool:
        """Whether the task ended because of `cancel`."""
        return isinstance(self.error, CancelledError)

    @abstractmethod
    def _work(self) -> None:
        """Do the task on the thread; an exception it raises becomes `error`."""

    def _progress(self, fraction: float, message: str) -> None:
        self.fraction, self.phase = fraction, message

    def _in_turn(self) -> None:
        if self._turn is None:
            self._work()
            return
        queue, ticket = self._turn
        with queue.turn(self._report_queue, self._cancel.is_set, ticket=ticket):
            self._work()

    def _report_queue(self, before: int) -> None:
        self._progress(0.0, f"Waiting for {plural(before, 'earlier task')}")

    def _guarded(self) -> None:
        try:
            self._in_turn()
        except ItlimError as error:
            self.error = error
        except Exception as error:
            self.error = full_error_of(error, "the result")
            if self.error is not None:
                return
            logger.exception("%s failed", self._thread.name)
            self.error = ItlimError(
                f"Unexpected error: {type(error).__name__}: {error}. The details are in the "
                "terminal where itlim runs. Your input is kept: try again, and report the error "
                "if it recurs."
            )
