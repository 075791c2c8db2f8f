"""What the start of the app found interrupted: said on every page until somebody has read it."""

import streamlit as st

from itlim.batch.folders import BatchStatus
from itlim.batch.listing import list_batches
from itlim.causality.retraining.unfinished import UnfinishedExperiments
from itlim.settings import is_public
from itlim.store.backup import forget_partial
from itlim.store.connection import Store
from itlim.text.messages import listed, plural, was
from itlim.ui.shared.answers_under_way import (
    AnswersUnderWay,
    InterruptibleWork,
    work_under_way,
)
from itlim.ui.shared.plain_text import show_warning

_BACKUP = (
    "A backup was interrupted, and none of it is kept. Earlier backups are complete; the next "
    "one is made as usual."
)
_WORK = (
    (
        InterruptibleWork.DERIVING,
        "Making the dataset",
        "Replies of a server are kept: the same name and settings continue.",
    ),
    (
        InterruptibleWork.JUDGING,
        "Rating or comparing with the judge",
        "Replies received so far are stored. The same request asks only for the rest.",
    ),
    (
        InterruptibleWork.REPHRASING,
        "Asking rephrased wordings of",
        "Finished answers are stored: the same wordings ask for the rest.",
    ),
)
"""Kinds of work, what each is called before its names, and what is kept of it."""


def notes_of_start(opened: Store) -> list[str]:
    """Clear away what an earlier process of the app left unfinished, and say so.

    Args:
        opened: the database, which this process has just opened for writing.

    Returns:
        One sentence or more per interrupted action.
    """
    notes = [opened.note] if opened.note else []
    if forget_partial(opened.path):
        notes.append(_BACKUP)
    notes += [
        f"Building the index of {name} was interrupted. An index that was complete is still used; "
        "Data & models builds what is missing."
        for name in _interrupted_builds()
    ]
    return notes + _lost_answers() + _lost_work() + _interrupted_batches() + _retrainings()


def _lost_work() -> list[str]:
    notes = []
    for kind, what, kept in _WORK:
        lost = work_under_way(kind).lost()
        # On a public server, what somebody works on belongs to its visitor alone.
        known = [] if is_public() else [one for one in lost if one]
        if lost:
            named = f" {listed(known)}" if known else ""
            notes.append(f"{what}{named} was interrupted. {kept}")
    return notes


def _interrupted_batches() -> list[str]:
    found = [
        batch.request().name
        for batch in list_batches()
        # The answers of those that are stored were named by an earlier start.
        if batch.stored() is None and batch.status() is BatchStatus.INTERRUPTED
    ]
    if not found:
        return []
    batches = "The batch" if len(found) == 1 else "The batches"
    return [
        f"{batches} {listed(found)} {was(len(found))} interrupted. "
        "Finished answers are being stored; Data & models resumes the others under Batches."
    ]


def _retrainings() -> list[str]:
    waiting = [one.pair for one in UnfinishedExperiments().requests()]
    if not waiting:
        return []
    pairs = listed(list(dict.fromkeys(waiting)))
    return [
        f"{plural(len(waiting), 'retraining')} of {pairs} {was(len(waiting))} "
        "interrupted. Models that are finished are kept, and Test continues with the others as "
        "soon as it is opened."
    ]


def _lost_answers() -> list[str]:
    lost = AnswersUnderWay().lost()
    if not lost:
        return []
    again = "Ask again: an unfinished answer is not kept."
    known = [one for one in lost if one]
    # On a public server, a question belongs to its visitor alone.
    if is_public() or not known:
        answers = "An answer was" if len(lost) == 1 else f"{len(lost)} answers were"
        return [f"{answers} under way when the app stopped. {again}"]
    return [f"The app stopped while it answered {listed(known)}. {again}"]


def _interrupted_builds() -> list[str]:
    # Imported late: the first page does not wait for what reads indexes.
    from itlim.trace.index.interrupted import recover_all

    try:
        return recover_all()
    except OSError:
        return []  # The folder cannot be written, which the next build says.


def show_start_notes(notes: list[str]) -> None:
    """Draw the notes with a button that removes them for everyone.

    Args:
        notes: shared by all visitors; emptied by the button.
    """
    if not notes:
        return
    for note in list(notes):
        show_warning(note, icon=":material/power_off:")
    st.button("OK, I have read this", key="start_notes_read", on_click=notes.clear)
