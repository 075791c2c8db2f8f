"""A whole response: its shift colours, what stands in the dataset, and the spans worth a look."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from itlim.components.tokens.payload import Layer, run_payload
from itlim.components.trace.overview import overview_payload
from itlim.components.trace.verbatim_marks import (
    character_range,
    suggested_spans,
    token_range,
    underlines,
)
from itlim.records import Run, Thresholds, VerbatimSpan
from itlim.ui.shared.mounts.tokens import token_view
from itlim.ui.shared.mounts.trace import trace_overview
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.tracing.work import verbatim

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

TRACED_LAYER = 2


def response_view(
    subject: Subject,
    indexes: "Sequence[TraceIndex]",
    *,
    key: str = "trace",
    group: str | None = None,
    active: tuple[int, int] | None = None,
) -> tuple[int, int] | None:
    """Draw a response with strip and list.

    Args:
        subject: the response.
        indexes: of the datasets to look in; none underlines nothing.
        key: tells several responses of one page apart.
        group: of views side by side, whose legend stands above them.
        active: the code points being traced.

    Returns:
        The code points whose source the reader asked for just now, else None.
    """
    spans = verbatim(subject, indexes) if indexes else ()
    text, overview = st.container(), st.container()
    if subject.run is not None and indexes and group is None:
        text, overview = st.columns([3, 2])
    asked = None
    if subject.run is not None:
        with text:
            asked = _tokens(subject.run, spans, active, key, group)
    if indexes:
        with overview:
            clicked = trace_overview(
                overview_payload(
                    subject.response,
                    spans,
                    doc=subject.doc,
                    tokens=subject.run.tokens if subject.run else None,
                    active=active,
                ),
                key=f"{key}-overview",
            )
        asked = asked or clicked
    return asked


def rarest_span(subject: Subject, indexes: "Sequence[TraceIndex]") -> tuple[int, int] | None:
    """The first span worth a look: what to show before anybody asks."""
    tokens = subject.run.tokens if subject.run else None
    found = suggested_spans(verbatim(subject, indexes), tokens, Thresholds())
    return (found[0].span.start, found[0].span.stop) if found else None


def _tokens(
    run: Run,
    spans: Sequence[VerbatimSpan],
    active: tuple[int, int] | None,
    key: str,
    group: str | None,
) -> tuple[int, int] | None:
    covered = token_range(run.tokens, *active) if active else None
    layers = (
        [Layer(id="traced", start=covered[0], stop=covered[1], kind=TRACED_LAYER, label="traced")]
        if covered
        else []
    )
    state = token_view(
        run_payload(run.row(), run.tokens),
        key=f"{key}-tokens-{run.run_id}",
        thresholds=Thresholds(marginal_above=run.marginal_above, shifted_above=run.shifted_above),
        layers=layers,
        underlines=underlines(run.tokens, spans),
        traceable=True,
        compact=group is not None,
        group=group,
        label=f"Tokens of the answer of {run.pair}",
        height=380,
    )
    if state.trace is None:
        return None
    with shown_errors():
        return character_range(run.tokens, *state.trace)
    return None
