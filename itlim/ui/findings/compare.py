"""Two pairs side by side on the instructions that both answered."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from itlim.charts.findings import difference_intervals
from itlim.errors import InputError
from itlim.findings.answers import PairAnswers
from itlim.findings.comparison import Comparison, Flips, compare_pairs
from itlim.ui.findings.details import case
from itlim.ui.shared import services
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, show_note

MAX_FLIPS = 20
"""Number of flips that are listed in each direction."""


def comparison(answers: Mapping[str, PairAnswers]) -> None:
    """Draw the comparison of two of the pairs; both are in the address."""
    if len(answers) < 2:
        return
    st.subheader("Two pairs on the same instructions")
    names = list(answers)
    asked = (st.query_params.get("versus") or "").split(",")
    given = asked if len(asked) == 2 and set(asked) <= set(names) else names[:2]
    left, right = st.columns(2)
    first = left.selectbox("First pair", names, index=names.index(given[0]), key="first_pair")
    second = right.selectbox("Second pair", names, index=names.index(given[1]), key="second_pair")
    write_view(versus=f"{first},{second}" if [first, second] != names[:2] else None)
    if first == second:
        st.info("Choose two different pairs.", icon=":material/compare_arrows:")
        return
    try:
        found = compare_pairs(answers[first], answers[second])
    except InputError as error:
        show_note(str(error))
        return
    _draw(found)


def _draw(found: Comparison) -> None:
    plain_caption("Means over answers, so that short and long answers count alike.")
    show_note(found.sentence, icon=":material/compare_arrows:")
    show_figure(
        difference_intervals(found.differences, theme=services.theme()),
        key="comparison",
        alt=found.sentence,
    )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "measure": one.measure,
                    found.first: one.first,
                    found.second: one.second,
                    "difference": one.difference,
                    "low": one.ci_low,
                    "high": one.ci_high,
                    "unit": one.unit,
                    "n": one.n,
                }
                for one in found.differences
            ]
        ),
        hide_index=True,
    )
    if found.flips is not None:
        _flips(found, found.flips)


def _flips(found: Comparison, flips: Flips) -> None:
    n_first, n_second = len(flips.only_first), len(flips.only_second)
    show_note(
        f"A phrase is marked in {n_first:,} answers of {found.first} alone, in {n_second:,} of "
        f"{found.second} alone, in {flips.both:,} of both and in {flips.neither:,} of neither "
        f"(exact McNemar p = {flips.p:.2g})."
    )
    for title, pairs in (
        (f"Marked in {found.first} alone", flips.only_first),
        (f"Marked in {found.second} alone", flips.only_second),
    ):
        if pairs:
            with st.expander(f"{title} ({len(pairs)})"):
                _cases(pairs[:MAX_FLIPS])


def _cases(pairs: Sequence[tuple[str, str]]) -> None:
    for ids in pairs:
        for run_id, column in zip(ids, st.columns(2), strict=True):
            with column:
                case(run_id, key=f"flip-{run_id}")
