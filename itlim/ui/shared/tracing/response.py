"""A whole response: shift colors, what occurs in the dataset, and suggested spans."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from itlim.components.tokens.messages import NextStep
from itlim.components.tokens.payload import Layer, run_payload
from itlim.components.trace.overview import overview_payload
from itlim.components.trace.verbatim_marks import (
    token_range,
    underlines,
)
from itlim.records import Run, Thresholds, VerbatimSpan
from itlim.ui.shared.mounts.tokens import token_view
from itlim.ui.shared.mounts.trace import trace_overview
from itlim.ui.shared.next_steps import follow_step, steps_on
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
    here: NextStep = NextStep.TRACE,
) -> tuple[int, int] | None:
    """Draw a response with the strip and list of its verbatim spans.

    Args:
        subject: the response.
        indexes: indexes to search; without one, nothing is underlined.
        key: distinguishes several responses on one page.
        group: name of a group of views side by side that share one legend.
        active: the code points being traced or tested.
        here: the step that the page itself takes; the others open another page.

    Returns:
        The code points for which the user requested the page's step in this script run, else None.
    """
    spans = verbatim(subject, indexes) if indexes else ()
    text, overview = st.container(), st.container()
    if subject.run is not None and indexes and group is None:
        text, overview = st.columns([3, 2])
    requested = None
    if subject.run is not None:
        with text:
            requested = _tokens(subject.run, spans, active, key, group, here)
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
        requested = requested or clicked
    return requested


def _tokens(
    run: Run,
    spans: Sequence[VerbatimSpan],
    active: tuple[int, int] | None,
    key: str,
    group: str | None,
    here: NextStep,
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
        steps=steps_on(here),
        compact=group is not None,
        fold=True,
        group=group,
        label=f"Tokens of the answer of {run.pair}",
        height=380,
    )
    return follow_step(run, state, here)
