"""Tracing as the pages ask for it: by words at once, by meaning too when the encoder is warm.

The encoder takes seconds to load the first time. So a page ranks by words alone while a
thread, which touches no Streamlit, encodes what the trace asks for.
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
"""Results kept per visitor: going back to a span costs nothing."""
PATIENCE_SECONDS = 0.25
"""How long a page waits for the encoder, which takes much less once it is loaded."""
POLL_SECONDS = 0.4
Result = TypeVar("Result")


class EncoderWarmup(BackgroundWork):
    """The encoder keeps the vectors that tracing a response asks for.

    Args:
        subject: the response.
        indexes: where it is traced.
    """

    def __init__(self, subject: Subject, indexes: "Sequence[TraceIndex]") -> None:
        super().__init__("itlim-encoder")
        self._subject, self._indexes = subject, indexes

    @property
    def is_ready(self) -> bool:
        """Whether a trace with all its parts takes milliseconds from now on."""
        return self.done and self.error is None

    def _work(self) -> None:
        # Late: FAISS and the encoder load only when something is traced.
        from itlim.trace.ranking import warm_meaning

        subject = self._subject
        warm_meaning(self._indexes, instruction=subject.instruction, response=subject.response)


def traced(
    subject: Subject,
    span: tuple[int, int],
    indexes: "Sequence[TraceIndex]",
    *,
    weights: Weights | None = None,
    top: int = 10,
    against_base: bool = False,
) -> Trace:
    """Trace a span and draw what the reader must know of how: progress, or why words alone rank.

    Ranks by words alone until the encoder is warm, and draws the page again when it is.

    Args:
        subject: the response.
        span: its code points, half-open.
        indexes: where to look; at least one.
        weights: what each part is worth; the tested ones if None.
        top: candidates to show.
        against_base: words that the base model would have said anyway count nothing.

    Raises:
        InputError: the span has no word.
    """
    chosen = weights or Weights()
    warmup = warm_encoder(subject, indexes)
    lexical_only = warmup is None or not warmup.is_ready
    # Seconds in a new process, which loads and compiles; milliseconds from then on.
    with st.spinner("Looking through the dataset …"):
        trace = _remembered(
            "trace",
            subject,
            indexes,
            (span, chosen, top, lexical_only, against_base),
            lambda: _trace(subject, span, indexes, chosen, top, lexical_only, against_base),
        )
    if lexical_only:
        _explain_words_alone(warmup)
    return trace


def warm_encoder(subject: Subject, indexes: "Sequence[TraceIndex]") -> EncoderWarmup | None:
    """The warm-up for a response, begun if need be; None if no index has embeddings.

    Waits `PATIENCE_SECONDS` for one that it begins.
    """
    if not any(index.has_meaning for index in indexes):
        return None

    def begun() -> EncoderWarmup:
        warmup = EncoderWarmup(subject, indexes).start()
        warmup.wait(PATIENCE_SECONDS)
        return warmup

    return _remembered("encoder", subject, indexes, (), begun)


def verbatim(subject: Subject, indexes: "Sequence[TraceIndex]") -> tuple[VerbatimSpan, ...]:
    """All maximal stretches of the response that occur verbatim in the datasets."""
    from itlim.trace.verbatim import verbatim_spans

    return _remembered(
        "verbatim",
        subject,
        indexes,
        (),
        lambda: verbatim_spans(indexes, instruction=subject.instruction, response=subject.response),
    )


def _trace(
    subject: Subject,
    span: tuple[int, int],
    indexes: "Sequence[TraceIndex]",
    weights: Weights,
    top: int,
    lexical_only: bool,
    against_base: bool,
) -> Trace:
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
        base_surprisal=base_surprisal(run.tokens, run.response) if run and against_base else None,
        shifted=shifted_words(run.tokens, run.response) if run else None,
    )


def _explain_words_alone(warmup: EncoderWarmup | None) -> None:
    """Say why meaning does not rank; while the encoder loads, draw the page again when it has."""
    if warmup is None:
        st.caption("🔤 By words alone: the index has no embeddings, or none yet.")
    elif warmup.error is not None:
        st.warning(f"By words alone: meaning could not be compared. {warmup.error}", icon="🔤")
    else:

        @st.fragment(run_every=POLL_SECONDS)
        def poll() -> None:
            if warmup.done:
                st.rerun(scope="app")
            st.caption("🔤 What the words alone say; the encoder is loading …")

        poll()


def _remembered(
    kind: str,
    subject: Subject,
    indexes: "Sequence[TraceIndex]",
    question: tuple[Any, ...],
    compute: Callable[[], Result],
) -> Result:
    """The visitor's earlier result of the same question to the same indexes, else a new one."""
    memory: dict[Any, Any] = st.session_state.setdefault("trace_memory", {})
    built = tuple((str(index.folder), index.meta.created_at) for index in indexes)
    key = (kind, subject.doc, built, question)
    if key not in memory:
        while len(memory) >= MEMORY:
            memory.pop(next(iter(memory)))
        memory[key] = compute()
    return memory[key]
