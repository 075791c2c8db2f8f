"""Every model of one base, side by side on one instruction."""

from collections.abc import Sequence

import streamlit as st

from itlim import charts
from itlim.components.tokens.payload import run_payload
from itlim.pipeline import identify
from itlim.records import Pair, Request, Run, Thresholds
from itlim.store.runs import load_measured
from itlim.text.markdown import as_markdown
from itlim.ui.ask.base_beside import color_meaning
from itlim.ui.shared import services
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.live_view import live_view
from itlim.ui.shared.mounts.tokens import token_legend, token_view
from itlim.ui.shared.pair_groups import TITLES, pairs_by_base
from itlim.ui.shared.plain_text import plain_caption, show_error, shown_errors
from itlim.ui.shared.public import shown_path
from itlim.ui.shared.services import theme

GROUP = "compare"
Answer = Run | LiveRun | None


def models_of_base(pair: Pair) -> list[Pair]:
    """The base of a pair alone, and all pairs of the library with the same base."""
    groups = pairs_by_base(services.library()).values()
    return next(group for group in groups if any(one.name == pair.name for one in group))


def show_every_model(pair: Pair, instruction: str, text: str, *, start: bool) -> None:
    """Draw the answers of every model of a pair's base to one question.

    Args:
        pair: any pair of the base.
        instruction: the question; nothing is drawn but a hint if it is empty.
        text: the input of the question.
        start: whether to generate the answers that are missing.
    """
    if not instruction.strip():
        st.info("Enter an instruction above, then press Ask.", icon=":material/edit:")
        return
    pairs = models_of_base(pair)
    st.text(instruction)
    with shown_errors():
        answers = [_answer(one, instruction, text, start=start) for one in pairs]
        if any(answer is None for answer in answers) and st.button("Ask all", key="ask_all"):
            answers = [_answer(one, instruction, text, start=True) for one in pairs]
        _show_answers(pairs, answers)


def _answer(pair: Pair, instruction: str, text: str, *, start: bool) -> Answer:
    """The answer of a pair, stored or in progress; None if none was started."""
    asked = identify(Request(pair=pair, instruction=instruction, input=text))
    stored = load_measured(services.store(), asked.id)
    if stored is None and start:
        services.start_live(asked)
    return stored or services.live_runs().get(asked.id)


def _show_answers(pairs: Sequence[Pair], answers: Sequence[Answer]) -> None:
    """Draw one column per answer; an answer in progress grows in its column."""
    color_meaning(Thresholds())
    token_legend(key="compare-legend", thresholds=Thresholds(), group=GROUP)
    for column, pair, answer in zip(st.columns(len(pairs)), pairs, answers, strict=True):
        with column, st.container(border=True):
            st.subheader(TITLES[pair.kind], help=as_markdown(shown_path(pair.tuned_source.path)))
            plain_caption(pair.name)
            _show_answer(pair, answer)
    runs = {
        f"{TITLES[pair.kind]}: {pair.name}": run.tokens
        for pair, answer in zip(pairs, answers, strict=True)
        if (run := _finished(answer)) is not None
    }
    if len(runs) == len(pairs):
        figure = charts.category_shares(runs, theme=theme())
        show_figure(figure, key="compare-shares")
        last = _finished(answers[-1])
        if last is not None:
            st.page_link(
                "pages/views/trace.py",
                label="Trace these answers side by side",
                icon=":material/manage_search:",
                query_params={"run": last.run_id, "view": "base | LFT | SFT"},
            )


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
            label=f"Open this answer by {as_markdown(pair.name)}",
            query_params={"run": run.run_id},
        )
    elif isinstance(answer, LiveRun) and answer.error is not None:
        show_error(answer.error)
    elif isinstance(answer, LiveRun):
        live_view(answer, key=f"compare-{pair.name}", thresholds=Thresholds(), compact=True)
    else:
        plain_caption(f"{pair.name} has no answer to this instruction yet. Press Ask all.")
