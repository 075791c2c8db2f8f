"""Merged marks as proposals that an adjudicator accepts or rejects."""

import uuid
from dataclasses import asdict

import streamlit as st

from itlim.annotation.adjudication import Consensus, Proposal, proposals, submitted
from itlim.annotation.recording import AnnotationSession
from itlim.records import AnnotationEvent, EventKind, Mark, MarkOrigin, Sheet, SheetStatus
from itlim.text.addresses import is_web_address
from itlim.text.markdown import as_markdown
from itlim.ui.shared.marking.suggestions import suggestions_of_run
from itlim.ui.shared.plain_text import plain_caption, plain_line
from itlim.ui.shared.public import limited

ICONS = {
    Consensus.AGREED: ":material/handshake:",
    Consensus.CONFLICT: ":material/bolt:",
    Consensus.OMISSION: ":material/visibility:",
}


def show_proposals(
    session: AnnotationSession,
    final: Sheet,
    sheets: dict[str, Sheet],
    person: str,
    *,
    can_edit: bool,
) -> None:
    """Draw all merged marks; agreed spans are accepted in one click."""
    found = proposals(sheets)
    st.markdown(f"**Proposals** ({len(found)})")
    if not found:
        st.caption("All annotators submitted “nothing wrong here”.")
    rejected = _rejected(session)
    agreed = [
        one
        for one in found
        if one.consensus is Consensus.AGREED
        and not (_is_accepted(one, final) or _spans(one) in rejected)
    ]
    is_open = can_edit and final.status is SheetStatus.OPEN
    if agreed and is_open and st.button(f"Accept agreed spans ({len(agreed)})", type="primary"):
        _record(session, [_put(session, one, person) for one in agreed])
    for number, proposal in enumerate(found):
        with st.container(border=True):
            _marks_of(session, proposal)
            if not is_open:
                continue
            if _is_accepted(proposal, final):
                st.caption("✓ among the final spans")
            elif _spans(proposal) in rejected:
                reason = rejected[_spans(proposal)]
                plain_caption(f"✗ rejected{f': {reason}' if reason else ''}")
            else:
                _decide(session, proposal, person, number)


def _marks_of(session: AnnotationSession, one: Proposal) -> None:
    """Draw a passage with the marks of each annotator."""
    label = as_markdown(one.label.replace("_", " "))
    st.markdown(f"{ICONS[one.consensus]} **{one.consensus}** · {label}")
    plain_line(f"“{session.item.text[one.start : one.stop]}”")
    for who, mark in one.marks:
        note = f": {mark.note}" if mark.note else ""
        plain_caption(f"{who}: “{mark.quote}”, {mark.label.replace('_', ' ')}{note}")
    if one.missing:
        plain_caption(f"Not marked by {', '.join(one.missing)}")


def _decide(session: AnnotationSession, one: Proposal, person: str, number: int) -> None:
    place = f"{session.item.item_id}-{number}"
    # With its words, since its number changes with the marks; a draft until it is stored.
    draft = f"reason-{place}-{one.start}-{one.stop}-{one.label}"
    reason = limited(
        st.text_input, "Reason", key=draft, persist_state="session",
        placeholder="reason (optional)", label_visibility="collapsed",
    )  # fmt: skip
    with st.container(horizontal=True):
        if st.button("Accept", key=f"take-{place}"):
            _record(session, [_put(session, one, person, reason)], draft=draft)
        if st.button("Reject", key=f"reject-{place}"):
            _record(session, [_reject(session, one, person, reason)], draft=draft)


def show_unmarked(
    session: AnnotationSession,
    final: Sheet,
    sheets: dict[str, Sheet],
    person: str,
    *,
    can_edit: bool,
) -> None:
    """Draw suspicious spans that nobody marked; missed spans are the most frequent disagreement."""
    marks = [mark for sheet in submitted(sheets).values() for mark in sheet.marks]
    for number, one in enumerate(suggestions_of_run(session.item.run_id)):
        if any(mark.start < one.stop and mark.stop > one.start for mark in (*marks, *final.marks)):
            continue
        with st.container(border=True):
            st.markdown(":material/search: **suggested**, not marked")
            plain_line(f"“{session.item.text[one.start : one.stop]}”")
            is_open = can_edit and final.status is SheetStatus.OPEN
            if is_open and st.button("Accept", key=f"take-unmarked-{number}"):
                label = session.study.labels[0].name
                found = Proposal(
                    consensus=Consensus.OMISSION,
                    start=one.start,
                    stop=one.stop,
                    label=label,
                    marks=(),
                    missing=tuple(submitted(sheets)),
                )
                _record(session, [_put(session, found, person)])


def _spans(one: Proposal) -> frozenset[tuple[str, str]]:
    return frozenset((who, mark.id) for who, mark in one.marks)


def _rejected(session: AnnotationSession) -> dict[frozenset[tuple[str, str]], str]:
    """Reasons of the proposals that were rejected, by their (annotator, span id)."""
    return {
        frozenset((span["annotator"], span["span_id"]) for span in event.payload["spans"]): str(
            event.payload["reason"]
        )
        for event in session.log().events
        if event.kind is EventKind.REJECT
    }


def _is_accepted(one: Proposal, final: Sheet) -> bool:
    return any(mark.start < one.stop and mark.stop > one.start for mark in final.marks)


def _put(
    session: AnnotationSession, one: Proposal, person: str, reason: str = ""
) -> AnnotationEvent:
    mark = Mark(
        id=uuid.uuid4().hex[:12],
        start=one.start,
        stop=one.stop,
        quote=session.item.text[one.start : one.stop],
        label=one.label,
        note=reason.strip() or "; ".join(mark.note for _, mark in one.marks if mark.note),
        evidence_url=next(filter(is_web_address, (mark.evidence_url for _, mark in one.marks)), ""),
        origin=MarkOrigin.ADJUDICATED,
    )
    return session.event(EventKind.PUT_MARK, asdict(mark) | {"by": person})


def _reject(session: AnnotationSession, one: Proposal, person: str, reason: str) -> AnnotationEvent:
    spans = [{"annotator": who, "span_id": mark.id} for who, mark in one.marks]
    payload: dict[str, object] = {"spans": spans, "reason": reason.strip(), "by": person}
    return session.event(EventKind.REJECT, payload)


def _record(
    session: AnnotationSession, events: list[AnnotationEvent], *, draft: str | None = None
) -> None:
    """Store a decision, and drop the draft of its reason, if it has one."""
    session.record(events, base=session.sheet().version)
    if draft:
        st.session_state.pop(draft, None)
    st.toast("Saved", icon=":material/save:")
    st.rerun()
