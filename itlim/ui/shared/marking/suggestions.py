"""Suggestions of suspicious spans, and what judging models quote, if a study uses them."""

import streamlit as st

from itlim.annotation.recording import AnnotationSession
from itlim.components.marking.payload import Suggestion
from itlim.components.trace.verbatim_marks import suggested_spans
from itlim.records import Run, StoredRun, Thresholds
from itlim.store.ratings import quotes_of
from itlim.store.runs import load_run
from itlim.text.prompts import asked_text
from itlim.ui.shared import services
from itlim.ui.shared.tracing.datasets import datasets_of_run
from itlim.ui.shared.tracing.indexes import index_state


def suggestions_for(session: AnnotationSession) -> tuple[Suggestion, ...]:
    """All suggestions for an item, decided or not; none unless the study uses them.

    Each edit made while they are on screen says so, because such a sheet is excluded from the blind
    figures, whether or not a suggestion is accepted.
    """
    if not session.study.suggestions or not session.is_claimed:
        return ()
    return suggestions_of_run(session.item.run_id)


def suggestions_of_run(run_id: str) -> tuple[Suggestion, ...]:
    """Shifted or marginal spans borrowed beyond chance, and words that a judging model quotes.

    The former are cached. The unknown shift of a run without token measures excludes nothing.
    """
    cached: dict[str, tuple[Suggestion, ...]] = st.session_state.setdefault("suggested", {})
    run = load_run(services.store(), run_id) if run_id else None
    if run is None:
        return ()
    if run_id not in cached:
        cached[run_id] = _suggestions_in(run)
    found = {one.id: one for one in (*cached[run_id], *_quoted_in(run))}
    return tuple(sorted(found.values(), key=lambda one: (one.start, one.stop)))


def _quoted_in(run: StoredRun) -> list[Suggestion]:
    """What judging models call wrong in a response."""
    places = [(start, stop) for start, stop, *_ in quotes_of(services.store(), run.run_id)]
    return [
        Suggestion(id=f"{start}-{stop}", start=start, stop=stop)
        for start, stop in places
        if 0 <= start < stop <= len(run.response)
    ]


def _suggestions_in(run: StoredRun) -> tuple[Suggestion, ...]:
    library = services.library()
    states = [index_state(library.dataset(name)) for name in datasets_of_run(run, library)]
    indexes = [state.index for state in states if state.index is not None]
    if not indexes:
        return ()
    # Imported here, so that numba loads only when something is traced.
    from itlim.trace import verbatim_spans

    asked = asked_text(run.instruction, run.input)
    spans = verbatim_spans(indexes, instruction=asked, response=run.response)
    tokens = run.tokens if isinstance(run, Run) else None
    suspicious = suggested_spans(spans, tokens, Thresholds())
    return tuple(
        Suggestion(id=f"{one.span.start}-{one.span.stop}", start=one.span.start, stop=one.span.stop)
        for one in suspicious
    )
