"""Progress of background work on a page, with a button to cancel it."""

import streamlit as st

from itlim.text.markdown import as_markdown
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.tracing.indexes import POLL_SECONDS


def work_progress(
    work: BackgroundWork, *, key: str, button: str = "Cancel", shortcut: str | None = None
) -> None:
    """Draw a progress bar and a Cancel button; rerun the page once the work has ended.

    Args:
        work: a running task.
        key: key of the button.
        button: its label.
        shortcut: key that presses it.
    """

    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        if work.done:
            st.rerun(scope="app")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(1.0, work.fraction), text=f"{as_markdown(work.phase)} …")
            st.button(button, key=key, on_click=work.cancel, shortcut=shortcut, width="content")

    poll()
