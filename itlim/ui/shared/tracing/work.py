"""Tracing for pages: by words immediately, and also by meaning once the encoder is ready.

The encoder takes seconds to load. So a page ranks by words alone while a thread, which does not
use Streamlit, encodes the texts that the trace needs.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from itlim.records import Phrase, Trace, VerbatimSpan, Weights
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.plain_text import show_warning
from itlim.ui.shared.services import trace_preload
from itlim.ui.shared.tracing.subject import Subject

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

MEMORY = 64
"""Number of results cached per visitor, so that returning to a span is immediate."""
PATIENCE_SECONDS = 0.25
"""How long a page waits for the encoder; once loaded, it takes much less."""
POLL_SECONDS = 0.4
Result = TypeVar("Result")


class EncoderWarmup(BackgroundWork):
    """Loads the encoder and caches the vectors that tracing a response needs.

    Args:
        subject: the response.
        indexes: the indexes to search.
    """

    def __init__(self, subject: Subject, indexes: "Sequence[TraceIndex]") -> None:
        super().__init__("itlim-encoder")
        self._subject, self._indexes = subject, indexes

    @property
    def is_ready(self) -> bool:
        """Whether a trace with all parts now takes milliseconds."""
        return self.done and self.error is None

    def _work(self) -> None:
        # Imported late: FAISS and the encoder load only if something is traced.
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
    """Trace a span; draws progress, and the reason if candidates are ranked by words alone.

    Ranks by words alone until the encoder is ready, then reruns the page.

    Args:
        subject: the response.
        span: its code points, half-open.
        indexes: indexes to search; at least one.
        weights: weight of each part; the defaults if None.
        top: number of candidates.
        against_base: whether to discount words that the base model predicts.

    Raises:
        InputError: the span has no word.
    """
    chosen = weights or Weights()
    warmup = warm_encoder(subject, indexes)
    lexical_only = warmup is None or not warmup.is_ready
    # Until the preload has ended, a trace takes seconds; afterwards, milliseconds.
    is_loaded = trace_preload().done
    with st.spinner(
        "Searching the dataset …" if is_loaded else "Loading the search, once after a start …"
    ):
        trace = _cached(
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
    """The warm-up for a response, started if necessary; None if an index has no embeddings.

    Waits up to `PATIENCE_SECONDS` for a warm-up that it starts.
    """
    if not all(index.has_meaning for index in indexes):
        return None

    def started() -> EncoderWarmup:
        warmup = EncoderWarmup(subject, indexes).start()
        warmup.wait(PATIENCE_SECONDS)
        return warmup

    return _cached("encoder", subject, indexes, (), started)


def verbatim(subject: Subject, indexes: "Sequence[TraceIndex]") -> tuple[VerbatimSpan, ...]:
    """All maximal stretches of the response that occur verbatim in the datasets."""
    from itlim.trace.verbatim import verbatim_spans

    return _cached(
        "verbatim",
        subject,
        indexes,
        (),
        lambda: verbatim_spans(indexes, instruction=subject.instruction, response=subject.response),
    )


def chosen_phrase(subject: Subject, indexes: "Sequence[TraceIndex]") -> Phrase | None:
    """The phrase of the response that is most likely borrowed; None if none has evidence."""

    def choose() -> Phrase | None:
        from itlim.trace import default_phrase
        from itlim.trace.evidence.background import base_surprisal

        run = subject.measured
        return default_phrase(
            indexes,
            instruction=subject.instruction,
            response=subject.response,
            base_surprisal=base_surprisal(run.tokens, run.response) if run else None,
        )

    return _cached("phrase", subject, indexes, (), choose)


def _trace(
    subject: Subject,
    span: tuple[int, int],
    indexes: "Sequence[TraceIndex]",
    weights: Weights,
    top: int,
    lexical_only: bool,
    against_base: bool,
) -> Trace:
    # Imported late: numba and FAISS load only if something is traced.
    from itlim.trace.evidence.background import base_surprisal
    from itlim.trace.evidence.parts import shifted_words
    from itlim.trace.tracer import trace_span

    run = subject.measured
    chosen = chosen_phrase(subject, indexes)
    is_chosen = chosen is not None and (chosen.start, chosen.stop) == span
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
        # p is corrected for the choice, whether the reader or a link asks for the same words.
        n_choices=chosen.n_choices if chosen is not None and is_chosen else 1,
    )


def _explain_words_alone(warmup: EncoderWarmup | None) -> None:
    """Show why candidates are ranked by words alone; rerun the page once the encoder is loaded."""
    if warmup is None:
        st.caption(":material/abc: Ranked by words alone: an index contains no embeddings.")
    elif warmup.error is not None:
        show_warning(
            f"Ranked by words alone: embeddings are unavailable. {warmup.error}",
            icon=":material/abc:",
        )
    else:

        @st.fragment(run_every=POLL_SECONDS)
        def poll() -> None:
            if warmup.done:
                st.rerun(scope="app")
            st.caption(":material/abc: Ranked by words alone while the encoder loads …")

        poll()


def _cached(
    kind: str,
    subject: Subject,
    indexes: "Sequence[TraceIndex]",
    question: tuple[Any, ...],
    compute: Callable[[], Result],
) -> Result:
    """The visitor's cached result of the same question to the same indexes, else a new one."""
    memory: dict[Any, Any] = st.session_state.setdefault("trace_memory", {})
    # The chance baseline of an index can be fitted again, which changes its files only.
    built = tuple(
        (
            str(index.folder),
            index.meta.created_at,
            *(one.sha256 for one in index.meta.files.values()),
        )
        for index in indexes
    )
    key = (kind, subject.doc, built, question)
    if key not in memory:
        while len(memory) >= MEMORY:
            memory.pop(next(iter(memory)))
        memory[key] = compute()
    return memory[key]
