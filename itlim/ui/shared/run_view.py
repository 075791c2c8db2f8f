"""One finished run: the colored response, its numbers, charts and exports."""

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc
import streamlit as st

from itlim import charts
from itlim.components.tokens.document import html_document
from itlim.components.tokens.metrics import METRICS, metric_for
from itlim.components.tokens.payload import run_payload
from itlim.components.trace.verbatim_marks import character_range
from itlim.export import run_to_csv, run_to_json, run_to_parquet
from itlim.measures import DEFAULT_MEASURE, MEASURES, Measure, measure
from itlim.records import Run, Thresholds
from itlim.schema import FinishReason, ShiftCategory
from itlim.shift.counts import CategoryCounts, category_counts
from itlim.shift.sentences import head_and_rest, sentence_ranges
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.mounts.tokens import Focus, token_view
from itlim.ui.shared.permalink import View, write_view
from itlim.ui.shared.services import shown_errors, theme

FINISH_NOTES: Mapping[str, str] = {
    FinishReason.LENGTH: "The answer was cut off at the limit of new tokens.",
    FinishReason.CONTEXT_LIMIT: "The answer was cut off where prompt and answer fill the context.",
    FinishReason.CANCELLED: "You stopped this answer. The part generated so far is not stored.",
    FinishReason.PASTED: "A text entered by a user, scored token by token; nothing was generated.",
}


def run_view(run: Run, view: View) -> None:
    """Draw a run; thresholds, token and selection are written to the URL as they change."""
    _heading(run)
    text, numbers = st.columns([2.6, 1], gap="large")
    with numbers:
        thresholds = _thresholds(view)
        _summary(run, thresholds)
    with text:
        metric = _tokens(run, view, thresholds)
        _exports(run)
    _charts(run, thresholds, metric or DEFAULT_MEASURE)
    _provenance(run)


def _heading(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Instruction**", width="content")
        # st.text, because the instruction is not Markdown.
        st.text(run.instruction)
    if run.input:
        st.text(run.input)
    notes = [f"{run.pair} · {run.tuning} tuning · run {run.run_id}"]
    if run.origin == "demo":
        notes.append("stored demo run")
    family = services.library().family_of(run.base_model)
    if family is not None:
        notes.append(f"{family.title}: {family.note}")
    st.caption(" · ".join(notes))
    if run.finish_reason in FINISH_NOTES:
        st.info(FINISH_NOTES[run.finish_reason], icon="ℹ️")


def _thresholds(view: View) -> Thresholds:
    st.markdown("**Shift category by base rank**")
    limits = view.thresholds
    marginal, shifted = st.slider(
        "marginal above · shifted above",
        min_value=1,
        max_value=20,
        value=(limits.marginal_above, limits.shifted_above),
        help="A token is marginal if the base model ranks the tuned model's top token below the "
        "first number, shifted if below the second. The paper uses 1 and 3.",
    )
    default = Thresholds()
    write_view(
        marginal=marginal if marginal != default.marginal_above else None,
        shifted=shifted if shifted != default.shifted_above else None,
    )
    if (marginal, shifted) == (default.marginal_above, default.shifted_above):
        st.caption("1 and 3, as in the paper.")
    else:
        st.caption("The paper uses 1 and 3.")
    return Thresholds(marginal_above=marginal, shifted_above=shifted)


def _summary(run: Run, thresholds: Thresholds) -> None:
    """Draw the summary table; each value has its n."""
    counted = category_counts(run.tokens, thresholds)
    kept = run.tokens.filter(pc.invert(run.tokens["is_eos"]))
    sentences = head_and_rest(run.tokens)
    rows = {
        f"{category}": f"{counted.counts[category]} of {counted.n} ({_share(counted, category)})"
        for category in ShiftCategory
    }
    for one in MEASURES:
        if one.headline:
            rows[f"mean {one.name}"] = _amount(pc.mean(kept[one.column]).as_py(), one)
    main = measure(DEFAULT_MEASURE)
    rows[f"first 5% of {plural(len(sentences.heads), 'sentence')}"] = _amount(sentences.head, main)
    rows["remaining 95%"] = _amount(sentences.rest, main)
    st.table(rows, border="horizontal")
    st.caption(
        "KL: Kullback–Leibler divergence, in nats (natural-log units) per token. The "
        "end-of-sequence token is not counted."
    )


def _share(counted: CategoryCounts, category: ShiftCategory) -> str:
    share = counted.share(category)
    return "undefined: no tokens" if share is None else f"{share:.0%}"


def _amount(value: float | None, of: Measure) -> str:
    return "undefined" if value is None else f"{value:.3f} {of.unit}"


def _tokens(run: Run, view: View, thresholds: Thresholds) -> str | None:
    """Draw the tokens.

    Returns:
        The column that colors them; None for the shift category.
    """
    clicked = _clicked_in_chart(run)
    is_stored = run.finish_reason != FinishReason.CANCELLED
    key = f"tokens-{run.run_id}"
    state = token_view(
        run_payload(run.row(), run.tokens),
        key=key,
        thresholds=thresholds,
        cursor=view.token,
        selection=view.selection,
        focus=clicked,
        metric=view.metric if view.metric in {one.column for one in METRICS} else None,
        report_metric=True,
        traceable=is_stored,
        label="Tokens of the response",
        height=620,
    )
    if state.trace is not None and is_stored:
        _open_trace(run, *state.trace)
    if state.cursor is not None:
        write_view(token=state.cursor)
    selection = "{}-{}".format(*state.selection) if state.selection else None
    write_view(metric=state.metric, sel=selection)
    return state.metric


def _open_trace(run: Run, start: int, stop: int) -> None:
    """Open the Trace page on some tokens."""
    with shown_errors():
        first, last = character_range(run.tokens, start, stop)
        st.switch_page(
            "pages/views/trace.py",
            query_params={"run": run.run_id, "span": f"{first}-{last}"},
        )


def _clicked_in_chart(run: Run) -> Focus | None:
    chart: Any = st.session_state.get(f"along-{run.run_id}")
    points = chart["selection"]["points"] if chart else []
    position = charts.clicked_position(points)
    return None if position is None else Focus(position=position, rev=position + 1)


def _charts(run: Run, thresholds: Thresholds, metric: str) -> None:
    st.subheader("Where the shift occurs")
    st.caption(
        f"{metric_for(metric).title}. The charts show the measure that colors the text; for the "
        "shift category, they show the KL divergence."
    )
    along, spread, heads = st.tabs(
        ["Along the response", "Distribution", "Sentence starts"], key="plots"
    )
    sentences = sentence_ranges(run.tokens)
    with along:
        st.plotly_chart(
            charts.metric_along_positions(
                run.tokens, metric, thresholds=thresholds, sentences=sentences, theme=theme()
            ),
            theme=None,
            key=f"along-{run.run_id}",
            on_select="rerun",
            selection_mode="points",
        )
        st.caption("Click a point to jump to its token above.")
    with spread:
        left, right = st.columns(2)
        runs = {run.pair: run.tokens}
        left.plotly_chart(charts.metric_distribution(runs, metric, theme=theme()), theme=None)
        right.plotly_chart(charts.metric_ecdf(runs, metric, theme=theme()), theme=None)
    with heads:
        _sentence_heads(run, metric)


def _sentence_heads(run: Run, metric: str) -> None:
    found = head_and_rest(run.tokens, metric)
    left, right = st.columns([1, 1.2])
    left.plotly_chart(
        charts.head_against_rest(
            [
                charts.HeadAgainstRest(
                    label=run.pair, head=found.heads.tolist(), rest=found.rests.tolist()
                )
            ],
            metric=metric,
            theme=theme(),
        ),
        theme=None,
    )
    right.markdown(
        "Compares the first 5% of each sentence's tokens (at least one) with the others, as in "
        "the paper's Figure 4. A single response gives no interval; the **Demo family** page "
        "compares many."
    )


def _exports(run: Run) -> None:
    with st.container(horizontal=True):
        st.markdown("Export", width="content")
        formats = [
            Format("HTML", "html", "text/html", lambda: html_document(run.row(), run.tokens)),
            Format("JSON", "json", "application/json", lambda: run_to_json(run)),
            Format("CSV", "csv", "text/csv", lambda: run_to_csv(run)),
            Format("Parquet", "parquet", "application/octet-stream", lambda: run_to_parquet(run)),
        ]
        export_buttons(formats, stem=f"itlim-{run.run_id}", key="export")
        if run.finish_reason != FinishReason.CANCELLED:
            st.page_link(
                "pages/views/trace.py",
                label="Trace words to the training data",
                icon="🧬",
                query_params={"run": run.run_id},
                help="Or select words above and press Enter.",
            )


def _provenance(run: Run) -> None:
    with st.expander("Prompt and provenance"):
        st.markdown(
            f"Prompt, the same for both models ({plural(len(run.prompt_token_ids), 'token')}):"
        )
        st.code(run.prompt, language=None)
        row = run.row()
        hidden = {"prompt", "response", "prompt_token_ids", "instruction", "input"}
        st.table({name: str(value) for name, value in row.items() if name not in hidden})
