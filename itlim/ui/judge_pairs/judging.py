"""Two responses to one instruction with hidden models; one click chooses and continues."""

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from itlim.annotation.comparing import ComparisonSession, Opinion
from itlim.annotation.protocol import has_role
from itlim.annotation.side_by_side import MAX_NOTE_LENGTH, ONE_SIDED, payload_of
from itlim.errors import ItlimError
from itlim.records import (
    AnnotationEvent,
    Choice,
    Contrast,
    EventKind,
    Role,
    SheetStatus,
    Side,
    Study,
)
from itlim.store.claims import check_free
from itlim.store.comparisons import load_comparison
from itlim.store.queue import QueueProgress, next_item, progress_of
from itlim.ui.judge_pairs.responses import show_comparison
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import show_error, shown_errors

MIN_CHOICE_MS = 400
"""Faster choices are ignored, so that a key held down judges only one item."""
MAX_ACTIVE_MS = 10 * 60_000
"""Limit of the active time per item."""
QUESTIONS = {
    Contrast.MORE_DETAILED: ("Both are accurate, and one is more detailed and preferred", "better"),
    Contrast.DIFFERENT: ("Both are accurate, but different information-wise", ""),
    Contrast.BOTH_WRONG: ("Both are completely inaccurate", ""),
    Contrast.PROLONGED: (
        "One hallucinates facts in an attempt to be longer, the other does not",
        "hallucinates",
    ),
    Contrast.CORE_WRONG: ("One hallucinates in the core facts, the other does not", "hallucinates"),
}
"""Statement of each category, and its label for one side."""
_SHOWN, _ERROR, _LAST, _TAB = "sbs_shown", "sbs_error", "sbs_last", "sbs_tab"


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShownItem:
    """The item that this tab shows, its version, and the id of the next event."""

    place: tuple[str, str, str]
    base: int
    event_id: str
    since: float
    """Time at which it was first shown, in seconds (monotonic)."""


def judge_side_by_side(study: Study, person: str) -> None:
    """Draw a person's current comparison, or a message that none is left."""
    if not has_role(study, person, Role.ANNOTATOR):
        st.warning(
            "You are not a member of this study. Contact the study admin.", icon=":material/lock:"
        )
        return
    _progress(progress_of(services.store(), study, person))
    if _ERROR in st.session_state:
        show_error(st.session_state.pop(_ERROR))
    with shown_errors():
        item_id = _current_item(study, person)
        if item_id is None:
            _show_finished(study)
            return
        item = load_comparison(services.store(), study.study_id, item_id)
        _draw(ComparisonSession(store=services.store(), study=study, item=item, annotator=person))


def _current_item(study: Study, person: str) -> str | None:
    named = st.query_params.get("item")
    if named:
        try:
            check_free(services.store(), study, person, named)
        except ItlimError:
            st.button("Next item", type="primary", on_click=write_view, kwargs=_NO_ITEM)
            raise
        return named
    found = next_item(services.store(), study, person)
    if found is not None:
        write_view(item=found)
    return found


_NO_ITEM = {"item": None}


def _progress(progress: QueueProgress) -> None:
    done = progress.submitted + progress.skipped
    mine = done + progress.open + progress.left
    skipped = f" · {progress.skipped} skipped" if progress.skipped else ""
    st.progress(
        done / mine if mine else 1.0,
        text=f"{progress.submitted} of {mine} judged{skipped}",
    )


def _show_finished(study: Study) -> None:
    st.success(
        "You have judged all items. Thank you! The results are under **Counts**.",
        icon=":material/celebration:",
    )
    _back(study)


def _draw(session: ComparisonSession) -> None:
    opinion = session.opinion()
    shown = _shown_item(session, opinion)
    show_comparison(session.item, session.left)
    if opinion.status is SheetStatus.SKIPPED:
        st.info("You skipped this item, so others can judge it.", icon=":material/skip_next:")
        _next_button()
        return
    note = _note(session, opinion)
    for number, contrast in enumerate(Contrast, start=1):
        _question(session, shown, opinion, number, contrast, note)
    with st.container(horizontal=True, vertical_alignment="center"):
        if opinion.choice is None:
            if st.button("Skip", key=f"skip-{session.item.item_id}", shortcut="S", type="tertiary",
                         help="Enter the reason in the note."):  # fmt: skip
                _send(session, shown, EventKind.SKIP, {"reason": note})
        else:
            _next_button()
        _back(session.study, here=session.item.item_id)


def _note(session: ComparisonSession, opinion: Opinion) -> str:
    typed = st.text_input(
        "Note",
        opinion.choice.note if opinion.choice else "",
        key=f"note-{session.study.study_id}-{session.item.item_id}-{opinion.version}",
        persist_state="session",
        placeholder="Note (optional, before you choose)",
        max_chars=MAX_NOTE_LENGTH,
        label_visibility="collapsed",
    )
    return typed.strip()


def _question(
    session: ComparisonSession,
    shown: _ShownItem,
    opinion: Opinion,
    number: int,
    contrast: Contrast,
    note: str,
) -> None:
    """Draw one category with a button per side, or one for both."""
    statement, claim = QUESTIONS[contrast]
    text, buttons = st.columns([1.15, 1], vertical_alignment="center", gap="medium")
    text.markdown(f"**{number}** &ensp; {statement}")
    sides: tuple[Side | None, ...] = tuple(Side) if contrast in ONE_SIDED else (None,)
    for column, side in zip(buttons.columns(len(sides), gap="small"), sides, strict=True):
        chosen = opinion.choice is not None and (contrast, side) == (
            opinion.choice.contrast,
            opinion.choice.side,
        )
        pressed = column.button(
            f"{side.capitalize()} {'is ' if claim == 'better' else ''}{claim}" if side else "Both",
            key=f"choose-{session.item.item_id}-{contrast}-{side}",
            shortcut=f"Shift+{number}" if side is Side.RIGHT else str(number),
            type="primary" if chosen else "secondary",
            width="stretch",
        )
        if pressed:
            choice = Choice(contrast=contrast, side=side, left=session.left, note=note)
            _send(session, shown, EventKind.COMPARE, payload_of(choice))


def _next_button() -> None:
    st.button(
        "Next", type="primary", shortcut="Ctrl+Enter", on_click=write_view, kwargs=_NO_ITEM,
        key="sbs_next",
    )  # fmt: skip


def _back(study: Study, *, here: str = "") -> None:
    """Draw a button that returns to the previous item, to correct a slip."""
    last = st.session_state.get(_LAST)
    if last and last[0] == study.study_id and last[1] != here:
        st.button(
            "Back to the previous item", key="sbs_back", icon=":material/undo:", type="tertiary",
            shortcut="Backspace", on_click=write_view, kwargs={"item": last[1]},
        )  # fmt: skip


def _shown_item(session: ComparisonSession, opinion: Opinion) -> _ShownItem:
    place = (session.study.study_id, session.item.item_id, session.annotator)
    shown = st.session_state.get(_SHOWN)
    if not isinstance(shown, _ShownItem) or shown.place != place:
        shown = _ShownItem(
            place=place, base=opinion.version, event_id=uuid.uuid4().hex, since=time.monotonic()
        )
        st.session_state[_SHOWN] = shown
    return shown


def _send(
    session: ComparisonSession, shown: _ShownItem, kind: EventKind, payload: dict[str, object]
) -> None:
    """Store an event and continue; on an error, show it and the latest version."""
    active_ms = int(1000 * (time.monotonic() - shown.since))
    if active_ms < MIN_CHOICE_MS:
        return
    event = AnnotationEvent(
        event_id=shown.event_id,
        study_id=session.study.study_id,
        item_id=session.item.item_id,
        annotator=session.annotator,
        kind=kind,
        payload=payload,
        client_time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        active_ms=min(active_ms, MAX_ACTIVE_MS),
        tab=st.session_state.setdefault(_TAB, uuid.uuid4().hex),
    )
    try:
        session.record(event, base=shown.base)
    except ItlimError as error:
        st.session_state[_ERROR] = str(error)
    else:
        if kind is EventKind.COMPARE:
            st.session_state[_LAST] = (session.study.study_id, session.item.item_id)
        write_view(item=None)
    del st.session_state[_SHOWN]
    st.rerun()
