"""The figure, the sentences and the table of a comparison of remedies."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from itlim.charts.remedies import remedy_intervals
from itlim.findings.remedies import RemedyCell, reading
from itlim.findings.remedy_answers import MEASURES, RemedyMeasure
from itlim.text.markdown import as_markdown
from itlim.ui.findings.details import table_buttons
from itlim.ui.findings.figures import saved_figure
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption, show_note

_TITLES = {str(name): text.title for name, text in MEASURES.items()}


def show_cells(reference: str, cells: Sequence[RemedyCell]) -> None:
    """Draw the chosen measure as a figure, what differs in words, and all numbers."""
    measure = RemedyMeasure(
        st.selectbox(
            "Measure",
            list(_TITLES),
            format_func=_TITLES.__getitem__,
            key="remedy_measure",
            bind="query-params",
        )
    )
    mine = [one for one in cells if one.measure is measure]
    if any(one.value is not None for one in mine):
        saved_figure(
            remedy_intervals(mine, reference, theme=services.theme()),
            key=f"remedies_{measure}",
            alt=f"{_TITLES[measure]}, one row per tuning; the table has the numbers.",
        )
        plain_caption(
            f"The dashed line is {reference}. Intervals are 95% bootstrap intervals over "
            "questions, those of 0% and 100% Wilson's; seeds of one question are averaged first."
        )
    elif measure in (RemedyMeasure.JUDGED, RemedyMeasure.JUDGED_MEAN):
        show_note("No judge has rated these answers.")
    else:
        show_note("No answer of these models has this measure.")
    for sentence in reading(reference, cells):
        st.markdown(f"- {as_markdown(sentence)}")
    plain_caption(
        "A difference is named if its p is below .05: a two-sided sign-flip test over questions, "
        f"adjusted by Holm's method over all tunings that are compared with {reference}."
    )
    plain_caption(
        "An answer counts as borrowed if a phrase in it is borrowed beyond chance from the dataset "
        "that its own model was tuned on. Each dataset has a chance baseline of its own, so "
        "between models that were tuned on different datasets, such as a half and the whole, part "
        "of a difference may come from the baselines."
    )
    table = pd.DataFrame([_row(one) for one in cells])
    with st.expander("All numbers", key="numbers-remedies", bind="query-params"):
        st.dataframe(table, hide_index=True)
        table_buttons(table, stem="itlim-remedies")


def _row(one: RemedyCell) -> dict[str, object]:
    return {
        "tuning": one.remedy,
        "measure": MEASURES[one.measure].title,
        "unit": MEASURES[one.measure].unit,
        "mean": one.value,
        "95% from": one.ci_low,
        "95% to": one.ci_high,
        "seeds from": one.seed_low,
        "seeds to": one.seed_high,
        "questions": one.n,
        "seeds": one.n_seeds,
        "difference": one.difference,
        "difference from": one.difference_low,
        "difference to": one.difference_high,
        "shared questions": one.n_shared,
        "p": one.p,
        "adjusted p": one.p_holm,
    }
