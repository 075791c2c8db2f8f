"""The part of Findings about judging models, in four views."""

from collections.abc import Sequence

import streamlit as st

from itlim.library import Library
from itlim.ui.findings.computing import Choice
from itlim.ui.findings.judge.asking import ask_or_import
from itlim.ui.findings.judge.calibration import calibration
from itlim.ui.findings.judge.means import means
from itlim.ui.findings.judge.preferences import preferences
from itlim.ui.shared.plain_text import plain_caption

RATINGS, PREFERENCES = "Ratings", "Preferences"
CALIBRATION, ASK = "Beside people", "Ask or import"


def model_judge(library: Library, pairs: Sequence[str], choice: Choice) -> None:
    """Draw the chosen view, which is a URL parameter."""
    plain_caption(
        "A language model rates stored answers with the prompt of the paper's Figure 11, or says "
        "which of two it prefers. Its scores are opinions of that model, not measurements."
    )
    view = st.segmented_control(
        "View",
        [RATINGS, PREFERENCES, CALIBRATION, ASK],
        default=RATINGS,
        required=True,
        key="judge",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == RATINGS:
        means(pairs, choice)
    elif view == PREFERENCES:
        preferences(pairs)
    elif view == CALIBRATION:
        calibration(library, pairs, choice)
    else:
        ask_or_import(pairs, choice)
