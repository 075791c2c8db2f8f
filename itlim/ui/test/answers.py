"""The answers to rephrased questions, side by side, with measurements and judgments."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from itlim.causality.rephrasing.formats import case_to_html, case_to_json, case_to_markdown
from itlim.causality.rephrasing.table import case_document, survival
from itlim.charts import survival_bars
from itlim.components.tokens.payload import Layer, run_payload
from itlim.components.trace.verbatim_marks import token_range
from itlim.records import (
    Borrowed,
    CounterfactualCase,
    CounterfactualRow,
    Judged,
    JudgedQuestion,
    Recurrence,
    Run,
    Thresholds,
)
from itlim.store.counterfactuals import judge
from itlim.store.runs import load_measured
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.mounts.tokens import token_legend, token_view
from itlim.ui.shared.plain_text import plain_caption, plain_line
from itlim.ui.shared.services import theme
from itlim.ui.shared.tracing.response import TRACED_LAYER

GROUP = "lab-answers"
QUESTIONS = {
    JudgedQuestion.ANSWER_CORRECT: "Right answer?",
    JudgedQuestion.MEANING_PRESERVED: "Same question?",
}


def show_answers(
    case: CounterfactualCase,
    rows: Sequence[CounterfactualRow],
    instances: Mapping[str, Mapping[str, Any]],
    *,
    author: str,
) -> None:
    """Draw all answers of a case, the share that contains the phrase, and the export buttons.

    Args:
        case: the case, in its latest version.
        rows: its counterfactuals, in the order in which they were asked.
        instances: rows of `schema.INSTANCES` by id: the case's sources and other instances.
        author: name stored with judgments; empty if the visitor gave none.
    """
    kept = [row for row in rows if row.is_kept]
    st.subheader("Does the phrase recur?", divider="gray")
    plain_line(f"“{case.quote}”")
    if kept:
        _survival(kept)
        token_legend(key="lab-legend", thresholds=Thresholds(), group=GROUP)
    for first in range(0, len(kept), 2):
        columns = st.columns(2)
        for column, row in zip(columns, kept[first : first + 2], strict=False):
            with column, st.container(border=True):
                _answer(case, row, author)
    _excluded_answers([row for row in rows if not row.is_kept], author)
    document = case_document(case, rows, instances)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Export the table", width="content")
        formats = [
            Format("HTML", "html", "text/html", lambda: case_to_html(document)),
            Format("Markdown", "md", "text/markdown", lambda: case_to_markdown(document)),
            Format("JSON", "json", "application/json", lambda: case_to_json(document)),
        ]
        export_buttons(formats, stem=f"itlim-counterfactuals-{case.case_id}", key="export-lab")


def _survival(rows: Sequence[CounterfactualRow]) -> None:
    shares = survival(rows)
    summary = "; ".join(
        f"{one['pair']}: the phrase recurs in {one['recurs']} of {one['n']} answers "
        f"(95% interval {one['interval'][0]:.0%} to {one['interval'][1]:.0%})"
        for one in shares
    )
    if len(shares) > 1:
        show_figure(
            survival_bars(shares, theme=theme()),
            key="lab-survival",
            alt=summary,
        )
    plain_caption(f"{summary}; Wilson intervals over the wordings asked.")


def _answer(case: CounterfactualCase, row: CounterfactualRow, author: str) -> None:
    made = row.counterfactual
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_badge(row), width="content")
        plain_caption(f"{made.pair} · {made.template}")
        st.button(
            "",
            icon=":material/close:",
            type="tertiary",
            help="Exclude this answer from the tables (reversible).",
            key=f"out-{made.counterfactual_id}",
            on_click=_save_judgment,
            args=(row, JudgedQuestion.KEPT, Judged.NO, author),
        )
    st.text(made.instruction)
    run = load_measured(services.store(), made.run_id)
    if run is None:
        st.text(made.response)
        st.caption("The run was deleted. The answer is kept without its token colors.")
    else:
        _tokens(run, row)
    elsewhere = made.elsewhere(case.source_ids)
    if elsewhere:
        st.markdown(
            _elsewhere_line(elsewhere),
            help="Surprisal of the words in the dataset, in nats (natural-log units): the rarer "
            "the words, the higher.",
        )
    elif elsewhere is None:
        st.caption("Not compared with other instances: the dataset had no index.")
    with st.container(horizontal=True):
        for question, label in QUESTIONS.items():
            _question(row, question, label, author)


def _tokens(run: Run, row: CounterfactualRow) -> None:
    recurs = row.counterfactual.recurs
    layers = []
    if not recurs.is_gone and recurs.start is not None and recurs.stop is not None:
        covered = token_range(run.tokens, recurs.start, recurs.stop)
        if covered:
            layers = [Layer(id="recurs", start=covered[0], stop=covered[1], kind=TRACED_LAYER,
                            label="the phrase")]  # fmt: skip
    token_view(
        run_payload(run.row(), run.tokens),
        key=f"lab-answer-{row.counterfactual.counterfactual_id}",
        thresholds=Thresholds(marginal_above=run.marginal_above, shifted_above=run.shifted_above),
        layers=layers,
        compact=True,
        group=GROUP,
        label=f"Tokens of the answer of {run.pair}",
        height=240,
    )


def _badge(row: CounterfactualRow) -> str:
    recurs = row.counterfactual.recurs
    if recurs.kind is Recurrence.EXACT:
        return ":gray-badge[the phrase recurs]"
    if recurs.kind is Recurrence.FUZZY:
        return f":gray-badge[similar words recur ({recurs.similarity:.0%} similar)]"
    return ":gray-badge[not repeated]"


def _elsewhere_line(elsewhere: Sequence[Borrowed]) -> str:
    """The instances whose words the answer contains instead."""
    matches = []
    for one in elsewhere:
        more = f" and {one.n_instances - 1} more" if one.n_instances > 1 else ""
        source = f"{as_markdown(one.instance_ids[0])}{more}"
        matches.append(f"“{as_markdown(one.quote)}” occurs in {source} ({one.nats:.0f} nats)")
    return ":violet-badge[borrowed elsewhere] " + "; ".join(matches)


def _question(row: CounterfactualRow, question: JudgedQuestion, label: str, author: str) -> None:
    stored = getattr(row, str(question))
    key = f"{question}-{row.counterfactual.counterfactual_id}"
    # The store is authoritative: a judgment from another tab is shown here, not overwritten.
    if st.session_state.get(key) != stored:
        st.session_state[key] = stored
    st.segmented_control(
        label,
        list(Judged),
        format_func=str,
        key=key,
        on_change=_judgment_changed,
        args=(row, question, key, author),
    )


def _judgment_changed(
    row: CounterfactualRow, question: JudgedQuestion, key: str, author: str
) -> None:
    _save_judgment(row, question, st.session_state[key] or Judged.UNSURE, author)


def _save_judgment(
    row: CounterfactualRow, question: JudgedQuestion, answer: Judged, author: str
) -> None:
    judge(services.store(), row.counterfactual.counterfactual_id, question, answer, by=author)
    st.toast("Saved", icon=":material/save:")


def _excluded_answers(rows: Sequence[CounterfactualRow], author: str) -> None:
    if not rows:
        return
    with st.expander(plural(len(rows), "excluded answer"), key="excluded", bind="query-params"):
        for row in rows:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(row.counterfactual.instruction)
                st.button(
                    "Restore",
                    key=f"back-{row.counterfactual.counterfactual_id}",
                    on_click=_save_judgment,
                    args=(row, JudgedQuestion.KEPT, Judged.YES, author),
                )
