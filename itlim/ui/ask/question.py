"""The question of an answer, and the next step without a selection."""

import streamlit as st

from itlim.records import Run, StoredRun
from itlim.ui.shared.navigation import open_page


def question(instruction: str, text: str) -> None:
    """Draw the instruction and its input."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Instruction**", width="content")
        # st.text, because the instruction is not Markdown.
        st.text(instruction)
    if text:
        st.text(text)


def next_step(run: StoredRun) -> None:
    """Draw the button that traces the answer; the Trace page chooses the words."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Where did the words come from?",
            type="primary",
            icon=":material/manage_search:",
            key="trace_answer",
        ):
            open_page("pages/views/trace.py", {"run": run.run_id})
        if isinstance(run, Run):
            st.caption("Or select words above: drag over them, or tap a word.", width="stretch")
