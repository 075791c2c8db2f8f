"""Suggestions of suspicious spans, if a study uses them; that they were shown is recorded."""

from dataclasses import replace

import streamlit as st

from itlim.annotation.recording import AnnotationSession, RecordResult
from itlim.components.marking.payload import Suggestion
from itlim.components.trace.verbatim_marks import suggested_spans
from itlim.records import EventKind, Run, Thresholds
from itlim.store.runs import load_run
from itlim.ui.shared import services
from itlim.ui.shared.tracing.datasets import datasets_of_run
from itlim.ui.shared.tracing.indexes import index_state

SHOWN = ""
"""The id under which it is recorded that suggestions were shown at all."""


def suggestions_for(
    session: AnnotationSession, result: RecordResult
) -> tuple[tuple[Suggestion, ...], RecordResult]:
    """Open suggestions and the sheet; none unless the study uses them.

    The first display is stored, because such a sheet is excluded from the blind figures,
    whether or not a suggestion is accepted.
    """
    if not session.study.suggestions or not session.is_claimed:
        return (), result
    sheet = result.sheet
    found = [one for one in suggestions_of_run(session.item.run_id) if one.id not in sheet.decided]
    if found and not sheet.suggestions_on:
        said = {"suggestion_id": SHOWN, "accepted": False, "shown_ms": 0}
        event = session.event(EventKind.SUGGESTION, said, once="shown")
        stored = session.record([event], base=sheet.version)
        result = replace(result, sheet=stored.sheet, saved_at=stored.saved_at)
    return tuple(found), result


def suggestions_of_run(run_id: str) -> tuple[Suggestion, ...]:
    """Shifted or marginal spans borrowed beyond chance and not in the instruction; cached."""
    held: dict[str, tuple[Suggestion, ...]] = st.session_state.setdefault("suggested", {})
    if run_id not in held:
        run = load_run(services.store(), run_id) if run_id else None
        held[run_id] = _found(run) if run is not None else ()
    return held[run_id]


def _found(run: Run) -> tuple[Suggestion, ...]:
    library = services.library()
    states = [index_state(library.dataset(name)) for name in datasets_of_run(run, library)]
    indexes = [state.index for state in states if state.index is not None]
    if not indexes:
        return ()
    # Imported here, so that numba loads only when something is traced.
    from itlim.trace import verbatim_spans

    spans = verbatim_spans(indexes, instruction=run.instruction, response=run.response)
    worth = suggested_spans(spans, run.tokens, Thresholds())
    return tuple(
        Suggestion(id=f"{one.span.start}-{one.span.stop}", start=one.span.start, stop=one.span.stop)
        for one in worth
    )
