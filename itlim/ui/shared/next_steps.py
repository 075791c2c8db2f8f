"""The next steps that a selection offers on every page: trace it, test it, mark it."""

import streamlit as st

from itlim.annotation.protocol import item_of_run
from itlim.components.tokens.messages import NextStep, TokenViewState
from itlim.components.trace.verbatim_marks import character_range
from itlim.records import Run, StoredRun
from itlim.store.studies import items_of, list_studies
from itlim.ui.shared import services
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.plain_text import shown_errors

STEPS = tuple(NextStep)
MARKING_VIEW, NEW_STUDY = "marking", "New study"
"""Parameter of the view of Mark, and the view that creates a study."""
_PAGES = {
    NextStep.TRACE: "pages/views/trace.py",
    NextStep.TEST: "pages/views/test.py",
    NextStep.MARK: "pages/views/mark.py",
}


def steps_on(here: NextStep) -> tuple[NextStep, ...]:
    """All steps, the page's own first: Enter takes it."""
    return (here, *(step for step in STEPS if step is not here))


def follow_step(
    run: Run, state: TokenViewState, here: NextStep | None = None
) -> tuple[int, int] | None:
    """Take the next step that a reader requested; another page opens on the selected words.

    Args:
        run: the answer on screen.
        state: what the reader did in its token view.
        here: the step of the page itself, which is not opened again.

    Returns:
        The code points of the selected words if the page itself takes the step, else None.
    """
    if state.trace is None:
        return None
    with shown_errors():
        span = character_range(run.tokens, *state.trace)
        if state.step is here:
            return span
        open_page(_PAGES[state.step], step_parameters(run, span, state.step))
    return None


def step_parameters(run: StoredRun, span: tuple[int, int], step: NextStep) -> dict[str, str]:
    """Parameters that open a step on these code points of an answer."""
    if step is NextStep.MARK:
        return _marking(run)
    named = {"run": run.run_id, "span": f"{span[0]}-{span[1]}"}
    datasets = st.query_params.get("datasets")
    return named | ({"datasets": datasets} if datasets else {})


def _marking(run: StoredRun) -> dict[str, str]:
    """The item of the newest study that contains the answer, or none."""
    for study in list_studies(services.store()):
        item = item_of_run(run, study.study_id)
        if any(one.item_id == item.item_id for one in items_of(services.store(), study.study_id)):
            return {"study": study.study_id, "item": item.item_id}
    st.toast("No study contains this answer yet. It is in the list of this new study.")
    return {"run": run.run_id, MARKING_VIEW: NEW_STUDY}
