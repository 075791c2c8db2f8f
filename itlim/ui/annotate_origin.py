"""Where did the marked words come from? Candidates in shuffled order, judged one by one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from itlim.annotation.decoys import FROM_RANK, Shown, candidates_to_judge
from itlim.annotation.recording import Desk
from itlim.records import Mark, Run, Sheet
from itlim.ui import services
from itlim.ui.annotate_verdict import judge_candidate
from itlim.ui.services import shown_errors
from itlim.ui.trace_datasets import datasets_of_run
from itlim.ui.trace_indexes import index_state

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

RANKED = FROM_RANK + 39
OWN_SEARCH = "own search"
FOUND = 5


def judge_origins(desk: Desk, sheet: Sheet, run: Run) -> None:
    """For each mark the instances it may have been borrowed from, to be judged."""
    if not sheet.marks:
        return
    st.subheader("Where did it come from?", divider="gray")
    with shown_errors():
        indexes = _indexes(run)
        if not indexes:
            return
        mark = _chosen_mark(sheet)
        st.caption(
            "Causal: the words are there because of this instance. Several may be; say the shared "
            "concept in words. The order is shuffled, and some may be put here at random."
        )
        found = _candidates(desk, run, mark, indexes)
        if not found:
            st.info("No instance of the dataset holds any of these words.", icon="🫙")
        beside = [shown.candidate.instance_id for shown in found]
        for shown in found:
            judge_candidate(desk, sheet, mark, shown, beside)
        _own_search(desk, sheet, mark, indexes, beside)


def _indexes(run: Run) -> "list[TraceIndex]":
    library = services.library()
    names = datasets_of_run(run, library)
    states = [index_state(library.dataset(name)) for name in names]
    ready = [state.index for state in states if state.index is not None]
    if not names:
        st.info(f"The library does not say which dataset {run.pair} was tuned on.", icon="🗂️")
    elif not ready:
        st.info(f"{', '.join(names)} has no index yet: build it on **Datasets**.", icon="🗂️")
    return ready


def _chosen_mark(sheet: Sheet) -> Mark:
    judged = {one.span_id for one in sheet.judgements}
    marks = {mark.id: mark for mark in sheet.marks}
    chosen = st.pills(
        "Span",
        list(marks),
        default=next((name for name in marks if name not in judged), next(iter(marks))),
        format_func=lambda name: f"{'✓ ' if name in judged else ''}{marks[name].quote:.60}",
        required=True,
        key="judged_span",
    )
    return marks.get(chosen, sheet.marks[0])


def _candidates(desk: Desk, run: Run, mark: Mark, indexes: "list[TraceIndex]") -> tuple[Shown, ...]:
    place = f"{desk.study.seed}/{desk.item.item_id}/{desk.annotator}/{mark.start}-{mark.stop}"
    held = st.session_state.setdefault("origin_candidates", {})
    if place not in held:
        # Late: numba loads only when something is traced.
        from itlim.trace import trace_span

        with st.spinner("Looking through the dataset …"):
            trace = trace_span(
                indexes,
                instruction=run.instruction,
                response=run.response,
                start=mark.start,
                stop=mark.stop,
                top=RANKED,
                lexical_only=True,
            )
        held[place] = candidates_to_judge(trace.candidates, desk.study.decoys, seed=place)
    shown: tuple[Shown, ...] = held[place]
    return shown


def _own_search(
    desk: Desk, sheet: Sheet, mark: Mark, indexes: "list[TraceIndex]", above: Sequence[str]
) -> None:
    with st.expander("None of these? Search the dataset yourself"):
        words = st.text_input("Words", key=f"own-{mark.id}", placeholder=mark.quote)
        if not words.strip():
            return
        # Late: numba loads only when something is searched.
        from itlim.trace import trace_span

        found = trace_span(
            indexes,
            instruction="",
            response=words,
            start=0,
            stop=len(words),
            top=FOUND,
            lexical_only=True,
        )
        if not found.candidates:
            st.info("No instance holds any of these words.", icon="🫙")
        new = [one for one in found.candidates if one.instance_id not in above]
        if len(new) < len(found.candidates):
            st.caption(f"{len(found.candidates) - len(new)} of those found stand above already.")
        beside = [*above, *(one.instance_id for one in new)]
        for candidate in new:
            shown = Shown(candidate=candidate, retriever=OWN_SEARCH)
            judge_candidate(desk, sheet, mark, shown, beside)
