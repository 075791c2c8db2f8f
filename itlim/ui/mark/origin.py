"""Origins of marked words: candidates in random order, judged one by one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from itlim.annotation.decoys import (
    MIN_DECOY_RANK,
    OWN_SEARCH,
    PresentedInstance,
    candidates_to_judge,
)
from itlim.annotation.recording import AnnotationSession
from itlim.errors import NotFoundError
from itlim.records import Mark, ResponseRun, Run, Sheet, StoredRun
from itlim.text.markdown import as_markdown
from itlim.text.prompts import asked_text
from itlim.ui.mark.verdict import judge_candidate
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption, show_note, shown_errors
from itlim.ui.shared.public import limited
from itlim.ui.shared.tracing.datasets import datasets_of_run, selected_datasets
from itlim.ui.shared.tracing.indexes import index_state

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

N_RANKED = MIN_DECOY_RANK + 39
"""Length of the ranking from which candidates and decoys are chosen."""
MAX_RESULTS = 5
"""Instances that a judge's own search shows."""
HIGHLIGHT_STYLE = "background: rgb(56 139 253 / 0.28); color: inherit; border-radius: 3px"
"""Like a selection: the default yellow is too bright in dark mode, and warm colors mean shift."""


def judge_origins(session: AnnotationSession, sheet: Sheet, run: StoredRun) -> None:
    """Draw the instances from which a chosen mark may have been borrowed."""
    if not sheet.marks:
        st.info(
            "Nothing is marked, so there are no origins to judge. Go to the next item.",
            icon=":material/check:",
        )
        return
    st.subheader("Where did the marked words come from?", divider="gray")
    st.html(f"<style>mark {{{HIGHLIGHT_STYLE}}}</style>")
    with shown_errors():
        indexes = _indexes(run)
        if not indexes:
            return
        mark = _chosen_mark(sheet)
        found = _candidates(session, run, mark, indexes)
        beside = [shown.instance_id for shown in found]
        again = _judged_before(sheet, mark, indexes, beside)
        if found or again:
            st.caption(
                "Causal means that the words appear because of this instance; several instances "
                "can be causal. Describe the shared concept. The order is random, and some "
                "instances may be unrelated."
            )
        else:
            _nothing_to_judge(sheet, mark, [index.dataset for index in indexes])
        own = [one for one in again if one.retriever == OWN_SEARCH]
        for shown in [*found, *(one for one in again if one not in own)]:
            judge_candidate(session, sheet, mark, shown, beside)
        _own_search(session, sheet, mark, indexes, beside, own)


def _nothing_to_judge(sheet: Sheet, mark: Mark, datasets: Sequence[str]) -> None:
    """Say what is missing and what the judge can do instead."""
    others = "choose another phrase above, " if len(sheet.marks) > 1 else ""
    show_note(
        f"There is nothing to judge for “{mark.quote}”: no training instance of "
        f"{', '.join(datasets)} contains a rare word of it. Search for other words below, {others}"
        "or go to the next item.",
        icon=":material/search_off:",
    )


def _indexes(run: StoredRun) -> "list[TraceIndex]":
    library = services.library()
    names: Sequence[str] = datasets_of_run(run, library)
    if isinstance(run, ResponseRun):
        # No pair names its dataset, so the judge does.
        names = selected_datasets(list(library.datasets), names, key=f"origin_datasets-{run.pair}")
    states = [index_state(library.dataset(name)) for name in names]
    ready = [state.index for state in states if state.index is not None]
    if not names:
        show_note(
            f"The library does not name the dataset on which {run.pair} was tuned, so there are no "
            "candidates to judge. Name it on Data & models."
            if isinstance(run, Run)
            else f"The tuning dataset of {run.pair} is unknown. Select the datasets to search.",
            icon=":material/folder:",
        )
    elif not ready:
        show_note(
            f"{', '.join(names)} has no index yet, so there are no candidates to judge.",
            icon=":material/folder:",
        )
        st.page_link("pages/views/data_models.py", label="Build the index on Data & models")
    return ready


def _chosen_mark(sheet: Sheet) -> Mark:
    judged = {one.span_id for one in sheet.judgments}
    marks = {mark.id: mark for mark in sheet.marks}
    chosen = st.pills(
        "Span",
        list(marks),
        default=next((name for name in marks if name not in judged), next(iter(marks))),
        format_func=lambda name: (
            f"{'✓ ' if name in judged else ''}{as_markdown(marks[name].quote[:60])}"
        ),
        required=True,
        key="judged_span",
    )
    return marks.get(chosen, sheet.marks[0])


def _candidates(
    session: AnnotationSession, run: StoredRun, mark: Mark, indexes: "list[TraceIndex]"
) -> tuple[PresentedInstance, ...]:
    place = (
        f"{session.study.seed}/{session.item.item_id}/{session.annotator}/{mark.start}-{mark.stop}"
    )
    cached = st.session_state.setdefault("origin_candidates", {})
    searched = (place, *(index.dataset for index in indexes))
    if searched not in cached:
        # Imported here, so that numba loads only when something is traced.
        from itlim.annotation.extra_instances import ExtraInstances
        from itlim.trace import trace_span

        with st.spinner("Searching the dataset …"):
            trace = trace_span(
                indexes,
                instruction=asked_text(run.instruction, run.input),
                response=run.response,
                start=mark.start,
                stop=mark.stop,
                top=N_RANKED,
                lexical_only=True,
            )
            extra = ExtraInstances(indexes, run.response, start=mark.start, stop=mark.stop)
            cached[searched] = candidates_to_judge(
                trace.candidates, session.study.decoys, seed=place, extra=extra
            )
    shown: tuple[PresentedInstance, ...] = cached[searched]
    return shown


def _judged_before(
    sheet: Sheet, mark: Mark, indexes: "list[TraceIndex]", above: Sequence[str]
) -> list[PresentedInstance]:
    """Instances judged before that are not among the candidates, mostly from own searches."""
    from itlim.annotation.extra_instances import previously_judged

    found = []
    for one in sheet.judgments:
        if one.span_id != mark.id or one.instance_id in above:
            continue
        try:
            found.append(previously_judged(indexes, one, mark.quote))
        except NotFoundError:
            plain_caption(
                f"Judged {one.verdict.replace('_', ' ')}: {one.instance_id}, which the dataset "
                "no longer contains."
            )
    return found


def _own_search(
    session: AnnotationSession,
    sheet: Sheet,
    mark: Mark,
    indexes: "list[TraceIndex]",
    above: Sequence[str],
    judged: Sequence[PresentedInstance],
) -> None:
    """Draw the judge's own search, and the instances that it found and that were judged before."""
    with st.expander("None of these? Search the dataset yourself", expanded=bool(judged)):
        words = limited(st.text_input, "Words", key=f"own-{mark.id}", placeholder=mark.quote)
        found = _found(indexes, words) if words.strip() else ()
        new = [one for one in found if one.instance_id not in above]
        if words.strip() and not found:
            st.info("No instance contains any of these words.", icon=":material/search_off:")
        elif len(new) < len(found):
            st.caption(f"{len(found) - len(new)} of the results are already listed above.")
        beside = [*above, *(one.instance_id for one in new)]
        # Known results keep their positions, so that no card moves while it is being judged.
        for shown in [*new, *(one for one in judged if one.instance_id not in beside)]:
            judge_candidate(session, sheet, mark, shown, beside)


def _found(indexes: "list[TraceIndex]", words: str) -> tuple[PresentedInstance, ...]:
    # Imported here, so that numba loads only when something is searched.
    from itlim.trace import trace_span

    found = trace_span(
        indexes,
        instruction="",
        response=words,
        start=0,
        stop=len(words),
        top=MAX_RESULTS,
        lexical_only=True,
    )
    return tuple(PresentedInstance.of(one, OWN_SEARCH) for one in found.candidates)
