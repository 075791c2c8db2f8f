"""Callback types with which long work reports progress and checks for cancellation."""

from collections.abc import Callable, Mapping

from itlim.errors import CancelledError

Progress = Callable[[float, str], None]
"""Called with a fraction in [0, 1] and a description of the current step."""

StepProgress = Callable[[int, int, str], None]
"""Called with the steps done, the total number of steps, and a description."""

LineProgress = Callable[[str], None]
"""Called with one line of text."""

Cancelled = Callable[[], bool]
"""Called between steps; returns True to stop the work."""


class Phases:
    """Maps the phases of long work to one scale from 0 to 1.

    Args:
        weights: expected time of each phase, in order; any unit.
        progress: called with a fraction in [0, 1], which never decreases, and a description.
        cancelled: called between steps; returns True to stop.
        when_stopped: message of the error that is then raised.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
        *,
        when_stopped: str = "The work was canceled.",
    ) -> None:
        total = sum(weights.values())
        self._bounds: dict[str, tuple[float, float]] = {}
        start = 0.0
        for name, weight in weights.items():
            self._bounds[name] = (start / total, weight / total)
            start += weight
        self._progress = progress or (lambda _fraction, _message: None)
        self.cancelled: Cancelled = cancelled or (lambda: False)
        self._when_stopped = when_stopped
        self._fraction = 0.0

    def within(self, phase: str) -> Progress:
        """Progress of one phase, as a fraction of it."""
        start, share = self._bounds[phase]

        def report(fraction: float, message: str) -> None:
            self._fraction = max(self._fraction, min(1.0, start + share * fraction))
            self._progress(self._fraction, message)

        return report

    def say(self, message: str) -> None:
        """Report a step without progress."""
        self._progress(self._fraction, message)

    def stop_if_cancelled(self) -> None:
        """Raise CancelledError if `cancelled` returns True."""
        if self.cancelled():
            raise CancelledError(self._when_stopped)
