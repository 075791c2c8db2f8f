"""A whole response: shift colors if they are known, what occurs in the dataset, suggested spans."""

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
from itlim.records import NO_MEASURES, Run, StoredRun, Thresholds, VerbatimSpan
from itlim.ui.shared.mounts.tokens import token_view
from itlim.ui.shared.mounts.trace import trace_overview
from itlim.ui.shared.next_steps import follow_step, steps_on
from itlim.ui.shared.public import MAX_RESPONSE, limited
from itlim.ui.shared.tracing.subject import Subject, span_of_quote
from itlim.ui.shared.tracing.work import verbatim

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

TRACED_LAYER = 2
_ENTER = {NextStep.TRACE: "Trace these words", NextStep.TEST: "Test these words"}


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
    with text:
        if subject.measured is not None:
            requested = _tokens(subject.measured, spans, active, key, group, here)
        elif subject.run is not None:
            requested = _plain(subject.run, key, here)
    if indexes:
        with overview:
            clicked = trace_overview(
                overview_payload(
                    subject.response,
                    spans,
                    doc=subject.doc,
                    tokens=subject.measured.tokens if subject.measured else None,
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


def _plain(run: StoredRun, key: str, here: NextStep) -> tuple[int, int] | None:
    """Draw an answer without colors, and a field for words of it.

    Raises:
        InputError: the answer does not contain the entered words.
    """
    st.caption(NO_MEASURES)
    # st.text, because a model's text is not Markdown.
    st.text(run.response)
    with st.form(f"{key}-words-{run.run_id}", border=False):
        quote = limited(
            st.text_input,
            "Words of this answer",
            key=f"{key}-quote-{run.run_id}",
            placeholder="exactly as in the answer",
            limit=MAX_RESPONSE,
        ).strip()
        pressed = st.form_submit_button(_ENTER.get(here, _ENTER[NextStep.TRACE]))
    return span_of_quote(run.response, quote) if pressed and quote else None
