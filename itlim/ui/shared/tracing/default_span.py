"""The phrase that every page shows until the reader selects one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from itlim.causality.rephrasing.recurrence import named_stretch
from itlim.components.trace.verbatim_marks import suggested_spans
from itlim.records import Thresholds
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.tracing.work import verbatim

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


def default_span(subject: Subject, indexes: "Sequence[TraceIndex]") -> tuple[int, int] | None:
    """The code points to show until the reader selects some; None if no span is suggested.

    Every page asks here, so that all pages choose the same words of an answer.

    Args:
        subject: the response.
        indexes: indexes to search; without one, nothing is suggested.
    """
    if not indexes:
        return None
    tokens = subject.run.tokens if subject.run else None
    found = suggested_spans(verbatim(subject, indexes), tokens, Thresholds())
    if not found:
        return None
    return named_stretch(subject.response, found[0].span.start, found[0].span.stop)
