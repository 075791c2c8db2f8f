"""How long work reports its progress and learns that it was cancelled."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with a fraction in [0, 1] and what is being done."""

StepProgress = Callable[[int, int, str], None]
"""Called with the steps done, the steps in all, and what is being done."""

LineProgress = Callable[[str], None]
"""Called with one line of text."""

Cancelled = Callable[[], bool]
"""Asked now and then; work stops when it returns True."""
