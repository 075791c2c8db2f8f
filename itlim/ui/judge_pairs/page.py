"""The Judge pairs page: two responses to one instruction, judged blind (Figure 6 of the paper)."""

import streamlit as st

from itlim.ui.judge_pairs.counts import show_counts
from itlim.ui.judge_pairs.judging import judge_side_by_side
from itlim.ui.judge_pairs.study import (
    choose_side_by_side,
    delete_unjudged,
    new_side_by_side_form,
)
from itlim.ui.shared import people


def show() -> None:
    """Draw the page."""
    row, person = people.page_head("Judge pairs")
    if person is None:
        return
    with row:
        study = choose_side_by_side()
    if study is None:
        st.info(
            "Two models answered the same instruction. Choose which of five statements is true of "
            "the two responses, without knowing which model is which. There is no study yet. "
            "Create one from stored answers.",
            icon=":material/balance:",
        )
    else:
        views = ["Judge", "Counts"]
        with row:
            view = st.segmented_control(
                "View",
                views,
                required=True,
                default="Judge",
                key="judging",
                bind="query-params",
                label_visibility="collapsed",
            )
        if view == "Counts":
            show_counts(study, person)
        else:
            judge_side_by_side(study, person)
        delete_unjudged(study, person)
    # The form shows the models' names, so it is sent to judges only on request.
    is_first = study is None
    box = st.expander(
        "New study", expanded=is_first, key=f"new_comparison_box-{is_first}", on_change="rerun"
    )
    if box.open:
        with box:
            new_side_by_side_form(person)
