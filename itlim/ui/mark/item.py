"""One item of the queue: instruction, guideline and response; every edit is saved."""

import streamlit as st

from itlim.annotation.protocol import has_role
from itlim.annotation.recording import AnnotationSession, comment_on_study
from itlim.errors import ItemTakenError, NotFoundError
from itlim.records import Item, Role, SheetStatus, Study
from itlim.store.claims import check_free, holders_of
from itlim.store.queue import QueueProgress, next_item, progress_of
from itlim.store.studies import load_item
from itlim.text.markdown import as_markdown, without_images
from itlim.ui.mark.done import finish_bar, show_revealed
from itlim.ui.mark.own_items import own_items
from itlim.ui.shared import services
from itlim.ui.shared.drafts import draft_key, draft_saved
from itlim.ui.shared.marking.marking import marking
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, shown_errors
from itlim.ui.shared.public import MAX_COMMENT, limited


def show_queue(study: Study, person: str) -> None:
    """Draw a person's current item, or a message that none is left."""
    if not has_role(study, person, Role.ANNOTATOR):
        st.warning(
            "You are not a member of this study. Contact the study admin.", icon=":material/lock:"
        )
        return
    # Progress is counted last, so that the item appears first.
    head = st.container(horizontal=True, vertical_alignment="center")
    with shown_errors():
        _show_item(study, person)
    with head:
        _progress(progress_of(services.store(), study, person))
        own_items(study, person)


def _show_item(study: Study, person: str) -> None:
    try:
        item = _current_item(study, person)
    except (ItemTakenError, NotFoundError):
        st.button("Next item", type="primary", on_click=write_view, kwargs={"item": None})
        raise
    if item is None:
        _show_finished(study, person)
        return
    session = AnnotationSession(store=services.store(), study=study, item=item, annotator=person)
    sheet = session.sheet()
    if sheet.revealed:
        show_revealed(session, sheet)
    else:
        _work(session)


def _current_item(study: Study, person: str) -> Item | None:
    """The item in the URL, or else the next one; opening it reserves nothing."""
    store = services.store()
    named = st.query_params.get("item")
    if named:
        item = load_item(store, study.study_id, named)
        check_free(store, study, person, named)
        return item
    found = next_item(store, study, person)
    if found is None:
        return None
    write_view(item=found)
    return load_item(store, study.study_id, found)


def _progress(progress: QueueProgress) -> None:
    done = progress.submitted + progress.skipped
    mine = done + progress.open + progress.left
    skipped = f" · {progress.skipped} skipped" if progress.skipped else ""
    st.progress(
        done / mine if mine else 1.0,
        text=f"{progress.submitted} submitted{skipped} · "
        f"{progress.left + progress.open} remaining · {progress.total} in the open batches",
    )


def _show_finished(study: Study, person: str) -> None:
    """Thank the annotator and ask for comments before the next batch opens."""
    st.success("You have finished all open batches. Thank you!", icon=":material/celebration:")
    # No st.form: it would lose a draft when the annotator opens another page before sending.
    draft = f"study_comment-{study.study_id}-{person}"
    text = limited(
        st.text_area,
        "What was unclear? The guideline can be revised before the next batch.",
        key=draft_key(draft),
        persist_state="session",
        limit=MAX_COMMENT,
    )
    if st.button("Send", key="send_comment"):
        comment_on_study(services.store(), study, person, text)
        st.toast("Comment saved.", icon=":material/chat:")
        draft_saved(draft)
        st.rerun()


def _work(session: AnnotationSession) -> None:
    text, guide = st.columns([2.4, 1], gap="large")
    with text:
        st.markdown("**Instruction**")
        # st.text, because typed text is not Markdown.
        st.text(session.item.instruction)
        if session.item.input:
            st.text(session.item.input)
        _holders(session)
        marking(session)
        if session.sheet().status is not SheetStatus.OPEN:
            finish_bar(session)
    with guide:
        st.markdown(f"**Guideline** · version {as_markdown(session.study.guideline_version)}")
        with st.container(height=420, border=True):
            st.markdown(without_images(session.study.guideline) or "_This study has no guideline._")


def _holders(session: AnnotationSession) -> None:
    """Draw who else annotates the item; a place is taken with the first mark."""
    found = holders_of(session.store, session.study, session.item.item_id)
    names = [one.annotator for one in found if one.annotator != session.annotator]
    if names:
        places = session.study.annotators_per_item
        plain_caption(
            f"Also annotated by {', '.join(names)} ({len(found)} of {places} places taken)."
        )
