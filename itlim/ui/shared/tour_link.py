"""The way into the tour, from the first page and back into it."""

import streamlit as st

from itlim.components.tour.payload import STEPS

TOUR_COOKIE = "itlim_tour"
"""Cookie with the step that was seen last, so that a reload of the browser keeps it."""
_STEP = "tour_step"


def tour_link() -> None:
    """Draw a link to the tour; a visitor who left it continues where it was left."""
    step = left_step()
    st.page_link(
        "pages/views/tour.py",
        label="Continue the tour" if step else "Tour: three steps",
        icon=":material/play_circle:",
        query_params={"step": str(step)} if step else None,
        help="One false sentence, where it was copied from, and what the model says without it.",
    )


def left_step() -> int | None:
    """The step that was seen last in this session, or else in this browser; None if it is over."""
    if _STEP in st.session_state:
        known: int | None = st.session_state[_STEP]
        return known
    return step_in(st.context.cookies.get(TOUR_COOKIE))


def keep_step(step: int | None) -> None:
    """Keep the step for this session; None if the tour is over."""
    st.session_state[_STEP] = step


def step_in(text: str | None) -> int | None:
    """The step that an address or a cookie names; None if it names none.

    >>> step_in("2"), step_in("9"), step_in("two")
    (2, None, None)
    """
    return next((step for step in range(1, STEPS + 1) if str(step) == text), None)
