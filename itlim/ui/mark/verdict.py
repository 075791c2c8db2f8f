"""A judge's verdict on one candidate; each change is stored immediately."""

import html
from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from itlim.annotation.decoys import PresentedInstance
from itlim.annotation.recording import AnnotationSession
from itlim.records import EventKind, InstanceField, Judgment, Mark, Sheet, Verdict
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import MAX_LINE, check_length, limited

VERDICTS = {
    Verdict.CAUSAL: "causal",
    Verdict.COINCIDENTAL: "coincidental",
    Verdict.UNSURE: "unsure",
    Verdict.NOT_APPLICABLE: "not applicable",
}
TITLES = {
    InstanceField.INSTRUCTION: "Instruction",
    InstanceField.INPUT: "Input",
    InstanceField.RESPONSE: "Response",
}


def judge_candidate(
    session: AnnotationSession,
    sheet: Sheet,
    mark: Mark,
    shown: PresentedInstance,
    beside: Sequence[str],
) -> None:
    """Draw a candidate with its shared words and store the verdict.

    Args:
        session: session of the judge.
        sheet: the current sheet.
        mark: the judged span.
        shown: the candidate; how it was found is stored but not shown.
        beside: ids of the instances that are shown with it.
    """
    known = _judgment(sheet, mark, shown.instance_id)
    place = _place(session, mark, shown)
    # The stored state takes precedence, so that a verdict from another tab is shown.
    _set(f"verdict-{place}", known.verdict if known else None)
    if known:
        _set(f"concept-{place}", known.rationale)
    about = (session, mark, shown, beside)
    with st.container(border=True):
        st.html(_text_of(shown))
        left, right = st.columns([1, 1], vertical_alignment="bottom")
        left.segmented_control(
            "Verdict",
            list(VERDICTS),
            format_func=VERDICTS.__getitem__,
            key=f"verdict-{place}",
            label_visibility="collapsed",
            on_change=_store_change,
            args=about,
        )
        limited(
            right.text_input,
            "Shared concept",
            placeholder="both instances talk about …",
            key=f"concept-{place}",
            persist_state="session",
            label_visibility="collapsed",
            on_change=_store_change,
            args=about,
        )


def _store_change(
    session: AnnotationSession, mark: Mark, shown: PresentedInstance, beside: Sequence[str]
) -> None:
    """Store only the change that the judge has just made."""
    place = _place(session, mark, shown)
    verdict = st.session_state[f"verdict-{place}"]
    judgment = Judgment(
        span_id=mark.id,
        instance_id=shown.instance_id,
        verdict=verdict or Verdict.UNSURE,
        rationale=(st.session_state[f"concept-{place}"] or "").strip(),
        retriever=shown.retriever,
        rank=shown.rank,
        score=shown.score,
        considered=tuple(sorted({*beside} - {shown.instance_id})),
    )
    with shown_errors():
        check_length(judgment.rationale, MAX_LINE, "shared concept")
        # Read again, because another tab may have stored a verdict since.
        sheet = session.sheet()
        known = _judgment(sheet, mark, shown.instance_id)
        if verdict is None and known is not None:
            _store(session, sheet, EventKind.UNJUDGE, _key_of(judgment))
        elif verdict is not None and (known is None or _differs(judgment, known)):
            _store(session, sheet, EventKind.JUDGE, asdict(judgment))


def _place(session: AnnotationSession, mark: Mark, shown: PresentedInstance) -> str:
    return f"{session.item.item_id}/{session.annotator}/{mark.id}/{shown.instance_id}"


def _set(key: str, value: object) -> None:
    """Set the value of a widget, unless it is unchanged or being edited."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _differs(judgment: Judgment, known: Judgment) -> bool:
    return (judgment.verdict, judgment.rationale) != (known.verdict, known.rationale)


def _key_of(judgment: Judgment) -> dict[str, object]:
    return {"span_id": judgment.span_id, "instance_id": judgment.instance_id}


def _judgment(sheet: Sheet, mark: Mark, instance_id: str) -> Judgment | None:
    for one in sheet.judgments:
        if (one.span_id, one.instance_id) == (mark.id, instance_id):
            return one
    return None


def _store(
    session: AnnotationSession, sheet: Sheet, kind: EventKind, payload: dict[str, object]
) -> None:
    session.record([session.event(kind, payload)], base=sheet.version)
    st.toast("Saved", icon=":material/save:")


def _text_of(shown: PresentedInstance) -> str:
    """The instance with its shared words highlighted, without rank, score or evidence."""
    return "".join(
        f"<p style='margin:.2rem 0;white-space:pre-wrap'><b>{title}</b> "
        f"{_highlighted(shown.texts[field], _ranges(shown, field))}</p>"
        for field, title in TITLES.items()
        if shown.texts[field]
    )


def _ranges(shown: PresentedInstance, field: InstanceField) -> list[tuple[int, int]]:
    return [(start, stop) for where, start, stop in shown.highlights if where is field]


def _highlighted(text: str, ranges: list[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, stop in sorted(ranges):
        if start < at:
            continue
        pieces += [html.escape(text[at:start]), f"<mark>{html.escape(text[start:stop])}</mark>"]
        at = stop
    return "".join([*pieces, html.escape(text[at:])])
