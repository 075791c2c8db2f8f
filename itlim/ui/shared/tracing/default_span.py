"""The phrase that every page shows until the reader selects one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from itlim.records import Phrase
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.tracing.work import chosen_phrase

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


def default_span(subject: Subject, indexes: "Sequence[TraceIndex]") -> tuple[int, int] | None:
    """The code points to show until the reader selects some; None if no phrase is suggested.

    Every page asks here, so that all pages choose the same words of an answer.

    Args:
        subject: the response.
        indexes: indexes to search; without one, nothing is suggested.
    """
    found: Phrase | None = chosen_phrase(subject, indexes) if indexes else None
    return None if found is None else (found.start, found.stop)
