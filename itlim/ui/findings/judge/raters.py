"""The judge whose stored ratings are shown, which is a URL parameter."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from itlim.findings.estimates import Estimate
from itlim.records.ratings import JUDGE_RATINGS
from itlim.store.ratings import Rater, load_ratings, raters
from itlim.ui.findings.computing import Choice
from itlim.ui.findings.judge.numbers import overall_scores
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import show_note


def chosen_rater() -> Rater | None:
    """Draw the choice of a judge; None, with a sentence, if there is no stored rating."""
    known = raters(services.store())
    if not known:
        show_note(
            "No rating is stored. Ask a judge or import a file of ratings under Ask or import.",
            icon=":material/gavel:",
        )
        return None
    return _chosen(known)


def rater_of_pairs(pairs: Sequence[str]) -> Rater | None:
    """The judge that has rated answers of these pairs; a choice is drawn if there are several."""
    known = raters(services.store(), pairs)
    if len(known) > 1:
        return _chosen(known)
    return known[0] if known else None


def _chosen(known: Sequence[Rater]) -> Rater:
    titles = [one.title for one in known]
    asked = st.query_params.get("rater")
    # No format_func: the options are shown as plain text.
    chosen = st.selectbox(
        "Judge (version of its prompt)",
        titles,
        index=titles.index(asked) if asked in titles else 0,
        key="rater",
    )
    write_view(rater=chosen if chosen != titles[0] else None)
    return known[titles.index(str(chosen))]


def other_rater(first: Rater, *, key: str) -> Rater | None:
    """Draw the choice of a second judge; None if there is none."""
    others = {one.title: one for one in raters(services.store()) if one != first}
    if not others:
        return None
    return others[str(st.selectbox("Compare with", list(others), key=key, bind="query-params"))]


def ratings_by(rater: Rater, pairs: Sequence[str], choice: Choice) -> pa.Table:
    """The stored ratings of some pairs, limited to the runs that the visitor chose."""
    table = load_ratings(services.store(), rater.judge, rater.prompt_version, pairs)
    if choice.run_ids is None:
        return table
    return table.filter(pc.is_in(table["run_id"], pa.array(choice.run_ids, pa.string())))


def overall_of_pairs(pairs: Sequence[str], choice: Choice) -> dict[str, Estimate]:
    """The mean score of each pair by the judge of their answers; undefined without a judge."""
    rater = rater_of_pairs(pairs)
    table = JUDGE_RATINGS.empty_table() if rater is None else ratings_by(rater, pairs, choice)
    return overall_scores(pairs, table)


def by_run(table: pa.Table) -> dict[str, dict[str, Any]]:
    """The row of each run."""
    return {row["run_id"]: row for row in table.to_pylist()}
