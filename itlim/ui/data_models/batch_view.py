"""One batch on a page: its progress while it runs, and what it gave once it ended."""

import time
from collections.abc import Sequence

import streamlit as st

from itlim.batch.folders import BatchFolder, BatchRequest
from itlim.batch.progress import BatchProgress
from itlim.store.batches import batch_tag, pairs_of_batch
from itlim.text.markdown import as_markdown, message_as_markdown
from itlim.text.messages import plural
from itlim.ui.data_models.batch_details import pairs_table, show_failures, show_log
from itlim.ui.data_models.batch_phrases import traced_phrases
from itlim.ui.shared import services
from itlim.ui.shared.batch_watch import BatchState
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.permalink import joined_names, write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, show_note, show_warning

BATCH = "batch"
"""URL parameter: the id of a batch."""
_POLL_SECONDS = 1.0
_ACTIVE = (BatchState.RUNNING, BatchState.CANCELING, BatchState.STORING)


def show_batch(batch: BatchFolder) -> None:
    """Draw a batch.

    Raises:
        NotFoundError: there is no such batch.
    """
    request = batch.request()
    st.subheader(f":material/list_alt: {as_markdown(request.name)}", anchor=False)
    plain_caption(describe(request))
    if services.batches().state(batch) in _ACTIVE:
        _watch(batch)
    else:
        _ended(batch, request)


def describe(request: BatchRequest) -> str:
    """What was asked, in one line."""
    if request.trace_in:
        traced = f", traced in {', '.join(request.trace_in)} together"
    elif request.trace:
        traced = ", traced in each pair's dataset"
    else:
        traced = ""
    return (
        f"{plural(request.n_items, 'instruction')} of {request.file}, answered by "
        f"{', '.join(request.pairs)} with at most {plural(request.max_new_tokens, 'new token')}"
        f"{traced}. {plural(request.batch_size, 'prompt')} at a time, "
        f"{plural(request.workers, 'worker')}. Started "
        f"{request.requested_at:%Y-%m-%d %H:%M} UTC."
    )


def time_left(seconds: float) -> str:
    """An estimated time, rounded as far as such an estimate can be trusted.

    >>> time_left(4), time_left(75), time_left(5000), time_left(20000)
    ('a few seconds', 'about 1 min', 'about 1 h 23 min', 'about 5.6 h')
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 60:
        return f"about {round(seconds / 5) * 5} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    if minutes < 180:
        return f"about {minutes // 60} h {minutes % 60} min"
    return f"about {seconds / 3600:.1f} h"


def _watch(batch: BatchFolder) -> None:
    """Poll a batch; reruns the page once it has ended and its answers are stored."""

    @st.fragment(run_every=_POLL_SECONDS)
    def poll() -> None:
        state = services.batches().state(batch)
        if state not in _ACTIVE:
            st.rerun(scope="app")
        progress = batch.progress()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(_share(progress), text=progress_text(state, progress))
            st.button(
                "Cancel",
                key="batch_cancel",
                icon=":material/pan_tool:",
                on_click=services.batches().cancel,
                args=(batch,),
                disabled=state is not BatchState.RUNNING,
                help="Ends the batch. Finished answers are kept and stored.",
                width="content",
            )
        if progress is not None:
            pairs_table(progress)
            show_failures(progress.failures)

    poll()
    st.caption(
        "The batch has a process of its own: it continues if you close this tab or stop the app. "
        "The address of this page shows it again."
    )


def _share(progress: BatchProgress | None) -> float:
    return 0.0 if progress is None or not progress.total else progress.done / progress.total


def progress_text(state: BatchState, progress: BatchProgress | None) -> str:
    """What a running batch does, how far it is, and the time left."""
    if state is BatchState.CANCELING:
        return "Canceling …"
    if state is BatchState.STORING:
        return "Storing the answers …"
    if progress is None:
        return "Starting …"
    count = f" · {progress.done:,} of {progress.total:,}" if progress.total else ""
    left = ""
    if progress.seconds_left is not None and progress.done < progress.total:
        # The file may be older than this look at it.
        # Its time is in the future if the clock was set back since.
        seconds = progress.seconds_left - max(0.0, time.time() - progress.updated_at)
        left = f" · {time_left(max(0.0, seconds))} left"
    return f"{as_markdown(progress.message)}{count}{left}"


def _ended(batch: BatchFolder, request: BatchRequest) -> None:
    state, end, progress = services.batches().state(batch), batch.end(), batch.progress()
    stored = batch.stored()
    kept = (
        f"{plural(stored.n_runs, 'answer')} stored, {stored.n_new:,} of them new. "
        if stored
        else ""
    )
    if state is BatchState.FINISHED:
        st.success(f"Finished. {kept}", icon=":material/check_circle:")
    elif state is BatchState.CANCELED:
        show_note(
            f"Canceled. {kept}Press Resume to answer only what is missing.",
            icon=":material/pan_tool:",
        )
    elif state is BatchState.INTERRUPTED:
        show_warning(
            f"Interrupted: the process ended without a result, because it was killed, memory ran "
            f"out, or the machine was restarted. {kept}Press Resume to answer only what is "
            "missing.",
            icon=":material/power_off:",
        )
    elif end is not None:
        show_error(end.error)
        if kept:
            plain_caption(kept)
    if problem := services.batches().problems.get(batch.id):
        show_error(problem)
    _next_steps(batch, request, state)
    if progress is not None:
        pairs_table(progress)
    show_failures(end.report.failed if end is not None and end.report else ())
    traced_phrases(batch)
    show_log(batch)
    st.caption(message_as_markdown(f"The files of this batch are in `{batch.folder}`."))


def _next_steps(batch: BatchFolder, request: BatchRequest, state: BatchState) -> None:
    pairs = pairs_of_batch(services.store(), request.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        has_all = state is BatchState.FINISHED and batch.id not in services.batches().problems
        if not has_all and st.button(
            "Resume", type="primary", icon=":material/resume:", key="batch_resume"
        ):
            services.batches().start(batch)
            st.rerun()
        if pairs:
            if st.button(
                "Open findings",
                type="primary" if state is BatchState.FINISHED else "secondary",
                icon=":material/bar_chart:",
                key="batch_findings",
            ):
                asked = {"pairs": joined_names(pairs), "tag": batch_tag(request.name)}
                open_page("pages/views/findings.py", asked)
            st.button(
                "Stored runs",
                icon=":material/database:",
                key="batch_runs",
                on_click=_show_runs,
                args=(pairs,),
            )
        if st.button("Delete", icon=":material/delete:", key="batch_delete"):
            _confirm_deletion(batch, request)


def _show_runs(pairs: Sequence[str]) -> None:
    """Open the stored runs of these pairs; the widgets are on the same page."""
    st.session_state["part"] = "Stored runs"
    st.session_state["runs_pairs"] = list(pairs)


@st.dialog("Delete the batch?")
def _confirm_deletion(batch: BatchFolder, request: BatchRequest) -> None:
    st.write(
        f"This deletes the files of {as_markdown(request.name)}. Answers that are stored stay "
        "under Stored runs."
    )
    if st.button(
        "Delete", type="primary", key="batch_delete_confirmed", on_click=_delete, args=(batch,)
    ):
        st.rerun()


def _delete(batch: BatchFolder) -> None:
    batch.delete()
    write_view(**{BATCH: None})
