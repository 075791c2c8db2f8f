"""The Tour page: false, copied from, gone without it; nothing else is on the screen."""

import streamlit as st

from itlim.components.tour import assets
from itlim.components.tour.document import tour_document
from itlim.components.tour.messages import parse_step
from itlim.components.tour.payload import STEPS, TourStory, tour_payload
from itlim.ui.shared.ground_truth import GroundTruth
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.tour_link import TOUR_COOKIE, keep_step, left_step, step_in
from itlim.ui.tour.story import tour_story

_COMPONENT = st.components.v2.component(
    "itlim_tour",
    html=assets.markup(),
    css=assets.style_sheet(),
    js=assets.streamlit_script(),
)
_KEY = "tour"
_ALONE = (
    "<style>[data-testid='stHeader'] {display: none}"
    ":root[data-tour-by-keys] .st-key-export-tour {opacity: 0}</style>"
)
"""For a projector, the menu is hidden; Leave and Escape lead back to it."""


def show(truth: GroundTruth) -> None:
    """Draw the step that the URL names, or the one where the visitor left.

    Args:
        truth: what is known about the answers of a shipped family.
    """
    # Notes on how the words were ranked belong on the Trace page.
    unseen = st.container(key="itlim-unseen")
    unseen.html(_ALONE)
    with shown_errors():
        story = tour_story(truth, unseen)
        if story is None:
            st.info("The training data is being prepared. This takes a few seconds.")
            return
        _steps(story)
        st.download_button(
            "Save the tour as one file",
            lambda: tour_document(story),
            file_name="itlim-tour.html",
            mime="text/html",
            on_click="ignore",
            key="export-tour",
            type="tertiary",
            icon=":material/download:",
        )


def _steps(story: TourStory) -> None:
    payload = tour_payload(story)
    doc = payload["doc"]
    earlier = st.session_state.get(_KEY) or {}
    reported = parse_step(earlier.get("step"), doc=doc)
    given = reported or named_step() or left_step() or 1
    result = _COMPONENT(
        key=_KEY,
        data=payload | {"step": given, "cookie": TOUR_COOKIE},
        on_step_change=_nothing,
        on_leave_change=_nothing,
    )
    step = parse_step(result.step, doc=doc) or given
    keep_step(step)
    left = parse_step(result.leave, doc=doc)
    if left is not None:
        keep_step(left if left < STEPS else None)
        open_page("pages/views/ask.py")


def named_step() -> int | None:
    """The step in the URL, which the browser writes; None if there is none."""
    return step_in(st.query_params.get("step"))


def _nothing() -> None:
    """Streamlit sets a value only if it has a callback; the value is read after mounting."""
