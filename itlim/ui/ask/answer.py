"""One finished run: the colored answer, the base's own answer beside it, and folded details."""

from collections.abc import Mapping

import streamlit as st

from itlim.components.tokens.document import html_document
from itlim.components.tokens.metrics import METRICS
from itlim.components.tokens.payload import run_payload
from itlim.export import run_to_csv, run_to_json, run_to_parquet
from itlim.measures import DEFAULT_MEASURE
from itlim.records import Run, Thresholds
from itlim.schema import FinishReason, TuningKind
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.ask.base_beside import BASE, base_beside, color_meaning
from itlim.ui.ask.figures import choose_thresholds, clicked_in_chart, show_charts, summary
from itlim.ui.ask.question import next_step, question
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.live_view import live_view
from itlim.ui.shared.mounts.tokens import token_view
from itlim.ui.shared.next_steps import STEPS, follow_step
from itlim.ui.shared.permalink import View, write_view
from itlim.ui.shared.plain_text import plain_table
from itlim.ui.shared.public import public_run

TUNED, SCORED = "The tuned model's answer", "The scored text"
FINISH_NOTES: Mapping[str, str] = {
    FinishReason.LENGTH: "The answer was cut off at the limit of new tokens.",
    FinishReason.CONTEXT_LIMIT: "The answer was cut off where prompt and answer fill the context.",
    FinishReason.CANCELLED: "You stopped this answer. The part generated so far is not stored.",
    FinishReason.PASTED: "A text entered by a user, scored token by token; nothing was generated.",
}


def show_answer(run: Run, view: View) -> None:
    """Draw a run; thresholds, token and selection are written to the URL as they change."""
    question(run.instruction, run.input)
    place = st.container()
    with st.expander("Figures and thresholds", key="measures", bind="query-params"):
        left, right = st.columns([1, 1.4], gap="large")
        with left:
            thresholds = choose_thresholds(view)
        with right:
            summary(run, thresholds)
    with place:
        color_meaning(thresholds)
        tuned, base = st.columns([2, 1], gap="medium")
        with tuned:
            metric = _tokens(run, view, thresholds)
        with base:
            base_beside(run)
        # Below the text, which stays where it was while the answer grew.
        if run.finish_reason in FINISH_NOTES:
            st.info(FINISH_NOTES[run.finish_reason], icon=":material/info:")
        if run.finish_reason != FinishReason.CANCELLED:
            next_step(run)
    box = st.expander("Charts: where the shift occurs", key="charts", bind="query-params")
    if box.open:
        with box:
            show_charts(run, thresholds, metric or DEFAULT_MEASURE)
    with st.expander("Export", key="export-box", bind="query-params"):
        _exports(run)
    _provenance(run)


def show_growing(live: LiveRun, view: View) -> None:
    """Draw an answer in progress where the finished one will be, so that nothing jumps."""
    request = live.asked.request
    question(request.instruction, request.input)
    color_meaning(view.thresholds)
    tuned, base = st.columns([2, 1], gap="medium")
    with tuned:
        st.markdown(f"**{TUNED}**" if request.response is None else f"**{SCORED}**")
        live_view(live, key="ask", thresholds=view.thresholds)
    with base:
        st.markdown(f"**{BASE}**")
        st.caption("Appears once the tuned model has finished.")


def _tokens(run: Run, view: View, thresholds: Thresholds) -> str | None:
    """Draw the tokens.

    Returns:
        The column that colors them; None for the shift category.
    """
    is_stored = run.finish_reason != FinishReason.CANCELLED
    st.markdown(f"**{_who(run)}**")
    state = token_view(
        run_payload(run.row(), run.tokens),
        key=f"tokens-{run.run_id}",
        thresholds=thresholds,
        cursor=view.token,
        selection=view.selection,
        focus=clicked_in_chart(run),
        metric=view.metric if view.metric in {one.column for one in METRICS} else None,
        report_metric=True,
        fold=True,
        steps=STEPS if is_stored else (),
        label="Tokens of the response",
        height=620,
    )
    follow_step(run, state)
    if state.cursor is not None:
        write_view(token=state.cursor)
    selection = "{}-{}".format(*state.selection) if state.selection else None
    write_view(metric=state.metric, sel=selection)
    return state.metric


def _who(run: Run) -> str:
    if run.finish_reason == FinishReason.PASTED:
        return SCORED
    return BASE if run.tuning == TuningKind.NONE else TUNED


def _exports(run: Run) -> None:
    run = public_run(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        formats = [
            Format("HTML", "html", "text/html", lambda: html_document(run.row(), run.tokens)),
            Format("JSON", "json", "application/json", lambda: run_to_json(run)),
            Format("CSV", "csv", "text/csv", lambda: run_to_csv(run)),
            Format("Parquet", "parquet", "application/octet-stream", lambda: run_to_parquet(run)),
        ]
        export_buttons(formats, stem=f"itlim-{run.run_id}", key="export")


def _provenance(run: Run) -> None:
    with st.expander("Prompt and provenance", key="provenance", bind="query-params"):
        notes = [f"{run.pair} · {run.tuning} tuning · run {run.run_id}"]
        if run.origin == "demo":
            notes.append("stored demo run")
        family = services.library().family_of(run.base_model)
        if family is not None:
            notes.append(f"{family.title}: {family.note}")
        st.caption(as_markdown(" · ".join(notes)))
        st.markdown(
            f"Prompt, the same for both models ({plural(len(run.prompt_token_ids), 'token')}):"
        )
        st.code(run.prompt, language=None)
        row = public_run(run).row()
        hidden = {"prompt", "response", "prompt_token_ids", "instruction", "input"}
        plain_table({name: str(value) for name, value in row.items() if name not in hidden})
