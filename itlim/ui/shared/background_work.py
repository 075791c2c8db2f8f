"""Background threads that pages poll instead of waiting for them.

The thread never calls Streamlit: it sets attributes of its object, and a fragment polls them. It
stores its results before `done` turns true, so closing the tab loses nothing.
"""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Self

from itlim.errors import CancelledError, ItlimError

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
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self) -> Self:
        """Start the thread and return immediately."""
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

    def _guarded(self) -> None:
        try:
            self._work()
        except ItlimError as error:
            self.error = error
        except Exception as error:
            logger.exception("%s failed", self._thread.name)
            self.error = ItlimError(
                f"Unexpected error: {type(error).__name__}: {error}. The details are in the "
                "terminal where itlim runs. Your input is kept: try again, and report the error "
                "if it recurs."
            )
