"""The Compare page: a base model and its tuned versions side by side on one instruction."""

from collections.abc import Mapping, Sequence

import streamlit as st

from itlim import charts
from itlim.components.tokens.payload import run_payload
from itlim.pipeline import identify
from itlim.records import Pair, Request, Run, Thresholds
from itlim.store.runs import load_run
from itlim.ui.ask.form import example_picker
from itlim.ui.shared import services
from itlim.ui.shared.featured import featured_run
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.live_view import live_view
from itlim.ui.shared.mounts.tokens import token_legend, token_view
from itlim.ui.shared.pair_groups import TITLES, pairs_by_base
from itlim.ui.shared.services import theme

GROUP = "compare"
Answer = Run | LiveRun | None


def compare_form(found: Mapping[str, list[Pair]], example: str) -> tuple[list[Pair], str, bool]:
    """Draw the form for base model and instruction; both are URL parameters.

    Args:
        found: pairs by base model.
        example: the instruction shown if the URL has none.

    Returns:
        The pairs, the instruction, and whether the form was submitted in this script run.
    """
    family = st.selectbox(
        "Base model", list(found), key="compare_family", bind="query-params", width=520
    )
    with st.form("compare", border=False):
        instruction = st.text_area(
            "Instruction", example, key="ask", bind="query-params", height=80
        )
        submitted = st.form_submit_button("Ask all", type="primary", shortcut="Ctrl+Enter")
    example_picker("ask")
    return found[family], instruction, submitted


def answers_to(pairs: Sequence[Pair], instruction: str, *, start: bool) -> list[Answer]:
    """Find one answer per pair, stored or in progress.

    Args:
        pairs: the models.
        instruction: the question.
        start: whether to generate the answers that are missing.

    Returns:
        One entry per pair; None if the pair has no answer and none was started.
    """
    found: list[Answer] = []
    for pair in pairs:
        asked = identify(Request(pair=pair, instruction=instruction))
        stored = load_run(services.store(), asked.id)
        if stored is None and start:
            services.start_live(asked)
        found.append(stored or services.live_runs().get(asked.id))
    return found


def show_answers(pairs: Sequence[Pair], answers: Sequence[Answer]) -> None:
    """Draw one column per answer; an answer in progress grows in its column."""
    token_legend(key="compare-legend", thresholds=Thresholds(), group=GROUP)
    for column, pair, answer in zip(st.columns(len(pairs)), pairs, answers, strict=True):
        with column, st.container(border=True):
            st.subheader(TITLES[pair.kind], help=pair.tuned_source.path)
            st.caption(pair.name)
            _show_answer(pair, answer)
    runs = {
        f"{TITLES[pair.kind]}: {pair.name}": run.tokens
        for pair, answer in zip(pairs, answers, strict=True)
        if (run := _finished(answer)) is not None
    }
    if len(runs) == len(pairs):
        figure = charts.category_shares(runs, theme=theme())
        st.plotly_chart(figure, theme=None, key="compare-shares")
        last = _finished(answers[-1])
        if last is not None:
            st.page_link(
                "pages/views/trace.py",
                label="Trace these answers side by side",
                icon="🧬",
                query_params={"run": last.run_id, "view": "base | LFT | SFT"},
            )
        family = services.library().family_of(pairs[0].base.path)
        if family is not None:
            st.caption(f"{family.title}: {family.note}")


def _finished(answer: Answer) -> Run | None:
    return answer.run if isinstance(answer, LiveRun) else answer


def _show_answer(pair: Pair, answer: Answer) -> None:
    run = _finished(answer)
    if run is not None:
        token_view(
            run_payload(run.row(), run.tokens),
            key=f"compare-{pair.name}-{run.run_id}",
            thresholds=Thresholds(),
            compact=True,
            group=GROUP,
            label=f"Tokens of the answer by {pair.name}",
        )
        st.page_link(
            "pages/views/ask.py",
            label=f"Inspect this answer by {pair.name}",
            query_params={"run": run.run_id},
        )
    elif isinstance(answer, LiveRun) and answer.error is not None:
        st.error(str(answer.error), icon="⚠️")
    elif isinstance(answer, LiveRun):
        live_view(answer, key=f"compare-{pair.name}", thresholds=Thresholds(), compact=True)
    else:
        st.caption(f"{pair.name} has no answer to this instruction yet. Press Ask all.")


def show() -> None:
    """Draw the page."""
    st.header(
        "Base | LFT | SFT on one instruction",
        help="LFT: tuned with a LoRA adapter. SFT: all parameters tuned.",
    )
    featured = featured_run()
    found = pairs_by_base(services.library())
    pairs, instruction, submitted = compare_form(
        found, featured.instruction if featured else "Who wrote The Great Gatsby?"
    )
    with services.shown_errors():
        answers = answers_to(pairs, instruction, start=submitted)
        show_answers(pairs, answers)
