"""Work on a thread of its own: pages look at it, none waits for it.

The thread touches no Streamlit: it fills its object, and a fragment polls that. What the
work leaves behind it stores itself before `done` turns true, so a closed tab loses nothing.
"""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Self

from itlim.errors import CancelledError, ItlimError

logger = logging.getLogger(__name__)


class BackgroundWork(ABC):
    """One piece of work under way.

    Args:
        name: of the thread, as a debugger shows it.
    """

    def __init__(self, name: str) -> None:
        self.fraction = 0.0
        self.phase = "Starting"
        self.error: ItlimError | None = None
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self) -> Self:
        """Begin; returns at once."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the thread to stop at the next opportunity."""
        self._cancel.set()

    def wait(self, seconds: float) -> None:
        """Give it a moment, so that quick work needs no second drawing."""
        self._thread.join(seconds)

    @property
    def done(self) -> bool:
        """Whether the thread has ended, with a result or with an error."""
        return self._thread.ident is not None and not self._thread.is_alive()

    @property
    def was_cancelled(self) -> bool:
        return isinstance(self.error, CancelledError)

    @abstractmethod
    def _work(self) -> None:
        """Do it, on the thread; what it raises becomes `error`."""

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
                f"Something itlim did not foresee: {type(error).__name__}: {error}. The details "
                "are in the terminal where itlim runs; what you typed is still here."
            )
