"""Rows of the paper's Tables 13 to 17: which are shown, and which one figures compare with."""

from collections.abc import Sequence

import streamlit as st

from itlim.findings.paper import RatedModel, rated_models
from itlim.ui.shared.permalink import write_view

_COMPARED = ("LLaMa-2 7B", "SFT", "databricks-dolly 15k", "just-eval-instruct 1k")
_NONE = "no row of the paper"


def chosen_rows(*, by_task: bool) -> list[RatedModel]:
    """Draw the filters of the paper's rows; returns those that pass."""
    known = rated_models(by_task=by_task)
    columns = st.columns(4)
    found = list(known)
    for column, (label, name) in zip(
        columns,
        (("Model", "model"), ("Tuning", "tuning"), ("Tuned on", "train_set"),
         ("Questions", "test_set")),
        strict=True,
    ):  # fmt: skip
        values = list(dict.fromkeys(value for one in known if (value := getattr(one, name))))
        chosen = column.multiselect(
            label, values, key=f"paper_{name}_{by_task}", bind="query-params", placeholder="All"
        )
        found = [one for one in found if not chosen or getattr(one, name) in chosen]
    return found


def compared_row(*, by_task: bool) -> RatedModel | None:
    """Draw the choice of the row that is shown beside the pairs in the figure."""
    known = {one.title: one for one in rated_models(by_task=by_task)}
    default = next(
        title
        for title, one in known.items()
        if (one.model, one.tuning, one.train_set, one.test_set) == _COMPARED
    )
    titles = [_NONE, *known]
    asked = st.query_params.get("beside")
    chosen = st.selectbox(
        "Compare in the figure with",
        titles,
        index=titles.index(asked if asked in titles else default),
        key=f"beside_{by_task}",
    )
    write_view(beside=chosen if chosen != default else None)
    return known.get(str(chosen))


def table_rows(rows: Sequence[RatedModel]) -> list[dict[str, object]]:
    """The rows of the paper as rows of the page's table; missing cells are None."""
    return [_table_row(one) for one in rows]


def _table_row(one: RatedModel) -> dict[str, object]:
    values: dict[str, object] = {name: value or None for name, value in one.values.items()}
    return {
        "source": f"paper, Table {one.table}",
        "model": one.model,
        "tuning": one.tuning or None,
        "tuned on": one.train_set or None,
        "questions": one.test_set,
        **values,
    }
