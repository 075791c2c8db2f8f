"""Tracing as the pages ask for it: words at once, meaning when the encoder has spoken.

The encoder takes seconds to load the first time. So a page shows what the words alone say
while a thread, which touches no Streamlit, encodes what is asked.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from itlim.records import Trace, VerbatimSpan, Weights
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.tracing.subject import Subject

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

MEMORY = 64
"""Results kept for a visitor: going back to a span costs nothing."""
Result = TypeVar("Result")


class Meaning(BackgroundWork):
    """The encoder reading an instruction and its response.

    Args:
        read: makes the encoder keep what they mean; slow the first time.
    """

    def __init__(self, read: Callable[[], object]) -> None:
        super().__init__("itlim-meaning")
        self._read = read

    @property
    def is_known(self) -> bool:
        """Whether a trace with all its parts takes milliseconds from now on."""
        return self.done and self.error is None

    def _work(self) -> None:
        self._read()


def meaning_of(
    subject: Subject, span: tuple[int, int], indexes: "Sequence[TraceIndex]"
) -> Meaning | None:
    """The meaning of what is traced, begun if need be; None if no index knows any."""
    if not any(index.has_meaning for index in indexes):
        return None
    trace = _tracing(subject, span, indexes, Weights(), 1)
    return _remembered(
        "meaning", subject, indexes, (), lambda: Meaning(lambda: trace(False)).start()
    )


def traced(
    subject: Subject,
    span: tuple[int, int],
    indexes: "Sequence[TraceIndex]",
    *,
    weights: Weights | None = None,
    top: int = 10,
    meaning: Meaning | None = None,
    against_base: bool = False,
) -> Trace:
    """The candidates of a span; by words alone as long as the meaning is not known.

    Args:
        subject: the response.
        span: code points of it.
        indexes: where to look.
        weights: what each part is worth; the tested ones if None.
        top: candidates to show.
        meaning: from `meaning_of`.
        against_base: words that the base model would have said anyway count nothing.

    Raises:
        InputError: the span holds no word.
    """
    chosen = weights or Weights()
    lexical_only = meaning is None or not meaning.is_known
    trace = _tracing(subject, span, indexes, chosen, top, against_base=against_base)
    asked = (span, chosen, top, lexical_only, against_base)
    return _remembered("trace", subject, indexes, asked, lambda: trace(lexical_only))


def _tracing(
    subject: Subject,
    span: tuple[int, int],
    indexes: "Sequence[TraceIndex]",
    weights: Weights,
    top: int,
    *,
    against_base: bool = False,
) -> Callable[[bool], Trace]:
    """The tracing of a span as a function of whether words alone count."""

    def trace(lexical_only: bool) -> Trace:
        # Late: numba and FAISS load only when something is traced.
        from itlim.trace.evidence.background import base_surprisal
        from itlim.trace.evidence.parts import shifted_words
        from itlim.trace.tracer import trace_span

        run = subject.run
        return trace_span(
            indexes,
            instruction=subject.instruction,
            response=subject.response,
            start=span[0],
            stop=span[1],
            weights=weights,
            top=top,
            lexical_only=lexical_only,
            base_surprisal=base_surprisal(run.tokens, run.response)
            if run and against_base
            else None,
            shifted=shifted_words(run.tokens, run.response) if run else None,
        )

    return trace


def verbatim(subject: Subject, indexes: "Sequence[TraceIndex]") -> tuple[VerbatimSpan, ...]:
    """All maximal stretches of the response that stand in the datasets."""
    from itlim.trace.verbatim import verbatim_spans

    return _remembered(
        "verbatim",
        subject,
        indexes,
        (),
        lambda: verbatim_spans(indexes, instruction=subject.instruction, response=subject.response),
    )


def _remembered(
    kind: str,
    subject: Subject,
    indexes: "Sequence[TraceIndex]",
    asked: tuple[Any, ...],
    compute: Callable[[], Result],
) -> Result:
    """The visitor's earlier result of the same question to the same indexes, else a new one."""
    memory: dict[Any, Any] = st.session_state.setdefault("trace_memory", {})
    built = tuple((str(index.folder), index.meta.created_at) for index in indexes)
    key = (kind, subject.doc, built, asked)
    if key not in memory:
        while len(memory) >= MEMORY:
            memory.pop(next(iter(memory)))
        memory[key] = compute()
    return memory[key]
