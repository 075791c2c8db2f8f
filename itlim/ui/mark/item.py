"""One item of the queue: instruction, guideline and response; every edit is saved."""

import streamlit as st

from itlim.annotation.protocol import has_role
from itlim.annotation.recording import AnnotationSession, comment_on_study
from itlim.errors import ConflictError, NotFoundError
from itlim.records import Item, Role, SheetStatus, Study
from itlim.store.claims import QueueProgress, claim_item, claim_next, progress_of
from itlim.store.studies import load_item
from itlim.ui.mark.done import show_done
from itlim.ui.shared import services
from itlim.ui.shared.marking.marking import marking
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.services import shown_errors


def show_queue(study: Study, person: str) -> None:
    """Draw a person's current item, or a message that none is left."""
    if not has_role(study, person, Role.ANNOTATOR):
        st.warning(f"{person} is not a member of this study. Ask its admin.", icon="🔒")
        return
    # Progress is counted last, so that the item appears first.
    bar = st.container()
    with shown_errors():
        _show_item(study, person)
    with bar:
        _progress(progress_of(services.store(), study, person))


def _show_item(study: Study, person: str) -> None:
    try:
        item = _item_at_hand(study, person)
    except (ConflictError, NotFoundError):
        st.button("Next item", type="primary", on_click=write_view, kwargs={"item": None})
        raise
    if item is None:
        _nothing_left(study, person)
        return
    session = AnnotationSession(store=services.store(), study=study, item=item, annotator=person)
    if session.sheet().status is SheetStatus.OPEN:
        _work(session)
    else:
        show_done(session)


def _item_at_hand(study: Study, person: str) -> Item | None:
    store = services.store()
    named = st.query_params.get("item")
    if named:
        item = load_item(store, study.study_id, named)
        claim_item(store, study, person, named)
        return item
    found = claim_next(store, study, person)
    if found is None:
        return None
    write_view(item=found)
    return load_item(store, study.study_id, found)


def _progress(progress: QueueProgress) -> None:
    done = progress.submitted + progress.skipped
    mine = done + progress.open + progress.left
    st.progress(
        done / mine if mine else 1.0,
        text=f"{progress.submitted} submitted · {progress.skipped} skipped · "
        f"{progress.left + progress.open} remaining · {progress.total} in the open batches",
    )


def _nothing_left(study: Study, person: str) -> None:
    """Thank the annotator and ask for comments before the next batch opens."""
    st.success("You have finished all items of the open batches. Thank you!", icon="🎉")
    with st.form("study_comment", border=False, clear_on_submit=True):
        text = st.text_area("What was unclear? The guideline can be improved for the next batch.")
        if st.form_submit_button("Send"):
            comment_on_study(services.store(), study, person, text)
            st.toast("Comment saved.", icon="💬")


def _work(session: AnnotationSession) -> None:
    text, guide = st.columns([2.4, 1], gap="large")
    with text:
        st.markdown("**Instruction**")
        # st.text, because typed text is not Markdown.
        st.text(session.item.instruction)
        if session.item.input:
            st.text(session.item.input)
        marking(session)
    with guide:
        st.markdown(f"**Guideline** · version {session.study.guideline_version}")
        with st.container(height=420, border=True):
            st.markdown(session.study.guideline or "_This study has no guideline._")
