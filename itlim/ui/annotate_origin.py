"""Where did the marked words come from? Candidates in shuffled order, judged one by one."""

import html
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from itlim.annotation.decoys import FROM_RANK, Shown, candidates_to_judge
from itlim.annotation.recording import Desk
from itlim.records import (
    AnnotationEvent,
    Candidate,
    EventKind,
    InstanceField,
    Judgement,
    Mark,
    Run,
    Sheet,
    Verdict,
)
from itlim.ui import services
from itlim.ui.services import shown_errors
from itlim.ui.trace_datasets import datasets_of_run
from itlim.ui.trace_indexes import index_state

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

RANKED = FROM_RANK + 39
OWN_SEARCH = "own search"
FOUND = 5
VERDICTS = {
    Verdict.CAUSAL: "causal",
    Verdict.COINCIDENTAL: "coincidental",
    Verdict.UNSURE: "unsure",
    Verdict.NOT_APPLICABLE: "not applicable",
}


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
        for shown in found:
            _judge(desk, sheet, mark, shown)
        _own_search(desk, sheet, mark, indexes)


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


def _judge(desk: Desk, sheet: Sheet, mark: Mark, shown: Shown) -> None:
    """One candidate with the words it shares, and what the judge says of it."""
    candidate = shown.candidate
    known = _judgement(sheet, mark, candidate.instance_id)
    key = f"{mark.id}-{candidate.instance_id}"
    with st.container(border=True):
        st.html(_text_of(candidate))
        left, right = st.columns([1, 1], vertical_alignment="bottom")
        verdict = left.segmented_control(
            "Verdict",
            list(VERDICTS),
            format_func=VERDICTS.__getitem__,
            default=known.verdict if known else None,
            key=f"verdict-{key}",
            label_visibility="collapsed",
        )
        concept = right.text_input(
            "Shared concept",
            known.rationale if known else "",
            placeholder="both instances talk about …",
            key=f"concept-{key}",
            label_visibility="collapsed",
        )
    said = Judgement(
        span_id=mark.id,
        instance_id=candidate.instance_id,
        verdict=verdict or Verdict.UNSURE,
        rationale=concept.strip(),
        retriever=shown.retriever,
        rank=candidate.rank,
        score=candidate.score,
    )
    if verdict is None and known is not None:
        _store(desk, EventKind.UNJUDGE, _names(said))
    elif verdict is not None and (known is None or _differs(said, known)):
        others = st.session_state.get("origin_candidates", {})
        seen = {one.candidate.instance_id for group in others.values() for one in group}
        said_with = asdict(said) | {"considered": sorted(seen - {candidate.instance_id})}
        _store(desk, EventKind.JUDGE, said_with)


def _differs(said: Judgement, known: Judgement) -> bool:
    return (said.verdict, said.rationale) != (known.verdict, known.rationale)


def _names(said: Judgement) -> dict[str, object]:
    return {"span_id": said.span_id, "instance_id": said.instance_id}


def _judgement(sheet: Sheet, mark: Mark, instance_id: str) -> Judgement | None:
    for one in sheet.judgements:
        if (one.span_id, one.instance_id) == (mark.id, instance_id):
            return one
    return None


def _store(desk: Desk, kind: EventKind, payload: dict[str, object]) -> None:
    """Store a judgement at once; the sheet is read anew, so another tab's is seen."""
    event = AnnotationEvent(
        event_id=uuid.uuid4().hex,
        study_id=desk.study.study_id,
        item_id=desk.item.item_id,
        annotator=desk.annotator,
        kind=kind,
        payload=payload,
    )
    desk.record([event], base=desk.sheet().version)
    st.toast("Saved", icon="💾")


def _own_search(desk: Desk, sheet: Sheet, mark: Mark, indexes: "list[TraceIndex]") -> None:
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
        for candidate in found.candidates:
            _judge(desk, sheet, mark, Shown(candidate=candidate, retriever=OWN_SEARCH))


def _text_of(candidate: Candidate) -> str:
    """The instance with the words it shares lit; no rank, no score, no evidence."""
    parts = (
        ("Instruction", InstanceField.INSTRUCTION, candidate.instruction),
        ("Input", InstanceField.INPUT, candidate.input),
        ("Response", InstanceField.RESPONSE, candidate.response),
    )
    return "".join(
        f"<p style='margin:.2rem 0;white-space:pre-wrap'><b>{title}</b> "
        f"{_lit(text, [(r.start, r.stop) for r in candidate.runs if r.field is field])}</p>"
        for title, field, text in parts
        if text
    )


def _lit(text: str, ranges: list[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, stop in sorted(ranges):
        if start < at:
            continue
        pieces += [html.escape(text[at:start]), f"<mark>{html.escape(text[start:stop])}</mark>"]
        at = stop
    return "".join([*pieces, html.escape(text[at:])])
