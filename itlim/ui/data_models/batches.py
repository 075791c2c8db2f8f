"""Batches on Data & models: start one, open an earlier one, import and export."""

import streamlit as st

from itlim.batch.folders import BatchFolder
from itlim.batch.listing import damaged_batches
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.data_models.batch_files import batches_form
from itlim.ui.data_models.batch_form import new_batch
from itlim.ui.data_models.batch_view import BATCH, show_batch
from itlim.ui.shared import services
from itlim.ui.shared.batch_watch import BatchState
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import show_error, shown_errors
from itlim.ui.shared.public import Action, is_refused

ICONS = {
    BatchState.RUNNING: ":material/progress_activity:",
    BatchState.CANCELING: ":material/progress_activity:",
    BatchState.STORING: ":material/progress_activity:",
    BatchState.FINISHED: ":material/check_circle:",
    BatchState.CANCELED: ":material/pan_tool:",
    BatchState.FAILED: ":material/error:",
    BatchState.INTERRUPTED: ":material/power_off:",
}
_LISTED = 50


def show_batches() -> None:
    """Draw the batch that the address names, else all batches and the form for a new one."""
    if is_refused(Action.BATCHES):
        return
    wanted = st.query_params.get(BATCH)
    if wanted:
        if st.button("All batches", icon=":material/arrow_back:", key="batches_back"):
            write_view(**{BATCH: None})
            st.rerun()
        with shown_errors():
            show_batch(services.batches().batch(wanted))
        return
    known = services.batches().batches()
    with st.expander(
        "New batch", expanded=not known, icon=":material/add:", key="new-batch", bind="query-params"
    ):
        new_batch(services.library(), services.store())
    for damaged in damaged_batches(services.batches().folder):
        show_error(damaged)
    _list(known)
    with st.expander(
        "Import and export", icon=":material/folder_zip:", key="move-batches", bind="query-params"
    ):
        batches_form(services.store())


def _list(known: list[BatchFolder]) -> None:
    if not known:
        st.caption(
            "No batch has been started in this app yet. A batch answers every instruction of a "
            "file with one or more pairs; its answers appear on Findings and under Stored runs."
        )
        return
    for batch in known[:_LISTED]:
        request, state = batch.request(), services.batches().state(batch)
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"{ICONS[state]} **{as_markdown(request.name)}** · {state.value} · "
                f"{plural(request.n_items, 'instruction')} · "
                f"{as_markdown(', '.join(request.pairs))} · "
                f"{request.requested_at:%Y-%m-%d %H:%M} UTC",
                width="stretch",
            )
            if st.button(
                "Open", key=f"batch_open_{batch.id}", help=f"Open {as_markdown(request.name)}"
            ):
                write_view(**{BATCH: batch.id})
                st.rerun()
    if len(known) > _LISTED:
        st.caption(f"The newest {_LISTED} of {len(known):,} batches.")
