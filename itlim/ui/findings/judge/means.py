"""A judge's mean scores by pair and aspect or task, beside the paper's Tables 13 to 17."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit.elements.arrow import DataframeStateInput

from itlim.charts.findings import finding_intervals
from itlim.findings.estimates import Estimate
from itlim.findings.paper import TASKS
from itlim.library import pair_facts
from itlim.records.ratings import Aspect, ParseStatus
from itlim.store.ratings import Rater
from itlim.ui.findings.computing import Choice
from itlim.ui.findings.details import table_buttons
from itlim.ui.findings.figures import saved_figure
from itlim.ui.findings.judge.cases import rating_cases
from itlim.ui.findings.judge.numbers import rating_means, task_means
from itlim.ui.findings.judge.paper_rows import chosen_rows, compared_row, table_rows
from itlim.ui.findings.judge.raters import chosen_rater, ratings_by
from itlim.ui.findings.rows import narrow_list, rows_in_address, write_rows
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption, show_note

ASPECTS, BY_TASK = "By aspect (Tables 13 to 15)", "By task (Tables 16 and 17)"
_PAPER_TASKS = {"info-seek": "information seeking", "role-play": "role playing"}
"""Names of just-eval's tags in the paper's tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A mean with its place in the table."""

    pair: str
    column: str
    estimate: Estimate
    rows: Sequence[Mapping[str, Any]]
    """All ratings of this pair, or of this pair and task."""
    aspects: tuple[Aspect, ...]


def means(pairs: Sequence[str], choice: Choice) -> None:
    """Draw the judge's means, and the paper's also without any."""
    rater = chosen_rater()
    table = ratings_by(rater, pairs, choice) if rater is not None else None
    shown = st.segmented_control(
        "Table", [ASPECTS, BY_TASK], default=ASPECTS, required=True, key="scores",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    cells: list[_Cell] = []
    if rater is not None and table is not None:
        _counts(rater, table)
        cells = _task_cells(table) if shown == BY_TASK else _aspect_cells(table)
        # In the order in which the pairs were chosen, as in the other figures.
        cells.sort(key=lambda one: pairs.index(one.pair))
        if shown == BY_TASK and table.num_rows and not cells:
            show_note("No rated answer has a task. Tags of batches name it.")
    if cells:
        beside = compared_row(by_task=shown == BY_TASK)
        if beside is not None:
            cells = [_beside(one, beside.values, beside.title) for one in cells]
        estimates = [one.estimate for one in cells]
        saved_figure(
            finding_intervals(estimates, theme=services.theme()),
            key="judge_means",
            alt="Mean scores of the judge, one marker per pair; the table has the numbers.",
        )
    _table(cells, by_task=shown == BY_TASK)
    if table is not None and table.num_rows:
        plain_caption("All ratings with reasons and raw replies:")
        table_buttons(table.to_pandas(), stem="judge-ratings")


def _counts(rater: Rater, table: pa.Table) -> None:
    status = table["status"].to_pylist()
    n = {one: status.count(str(one)) for one in ParseStatus}
    plain_caption(
        f"{len(status):,} ratings of these pairs by {rater.judge}: {n[ParseStatus.COMPLETE]:,} "
        f"complete, {n[ParseStatus.PARTIAL]:,} partial, {n[ParseStatus.FAILED]:,} failed. What has "
        "no score does not count. Intervals are 95% bootstrap intervals over instructions. The "
        "paper's judge was gpt-4-1106-preview, on other questions; it gives no intervals."
    )


def _aspect_cells(table: pa.Table) -> list[_Cell]:
    rows = table.to_pylist()
    return [
        _Cell(
            pair=one.model,
            column=str(one.aspect),
            estimate=replace(one.estimate, claim=str(one.aspect)),
            rows=[row for row in rows if row["pair"] == one.model],
            aspects=(one.aspect,),
        )
        for one in rating_means(table)
    ]


def _task_cells(table: pa.Table) -> list[_Cell]:
    tasks = [_PAPER_TASKS.get(task, task) for task in table["task"].to_pylist()]
    place = table.schema.get_field_index("task")
    named = table.set_column(place, "task", pa.array(tasks, pa.string()))
    rows = named.to_pylist()
    return [
        _Cell(
            pair=one.model,
            column=one.task,
            estimate=one.estimate,
            rows=[row for row in rows if (row["pair"], row["task"]) == (one.model, one.task)],
            aspects=tuple(Aspect),
        )
        for one in task_means(named)
    ]


def _beside(one: _Cell, values: Mapping[str, str], title: str) -> _Cell:
    """A cell with the paper's number for the same aspect or task."""
    value = values.get(one.column)
    number = float(value) if value else None
    return replace(one, estimate=replace(one.estimate, paper_value=number, paper_note=title))


def cell_text(one: Estimate) -> str | None:
    """Mean, interval and n; None without a mean.

    Scores have one digit before the point, so that texts and numbers sort alike.
    """
    if one.value is None:
        return None
    interval = "" if one.ci_low is None else f" [{one.ci_low:.2f}, {one.ci_high:.2f}]"
    return f"{one.value:.2f}{interval} n = {one.n:,}"


def _table(cells: Sequence[_Cell], *, by_task: bool) -> None:
    st.subheader("Mean scores beside the paper's")
    rows = _own_rows(cells) + table_rows(chosen_rows(by_task=by_task))
    usual = TASKS if by_task else tuple(map(str, Aspect))
    # Columns with a value of one's own first: a table of all tasks is wider than the page.
    columns = list(dict.fromkeys([*(one.column for one in cells), *usual]))
    frame = pd.DataFrame(rows, columns=["source", "model", "tuning", "tuned on", "questions",
                                        *columns])  # fmt: skip
    places = {pair: row for row, pair in enumerate(dict.fromkeys(one.pair for one in cells))}
    estimates = [one.estimate for one in cells]
    key = f"judge_table_{by_task}"
    if estimates:
        narrow_list(estimates, key=key)
    named = rows_in_address(estimates)["selection"]["rows"]
    selected: DataframeStateInput = {
        "selection": {"cells": [(places[cells[at].pair], cells[at].column) for at in named[:1]]}
    }
    picked = st.dataframe(
        frame,
        hide_index=True,
        placeholder="",
        on_select="rerun",
        selection_mode="single-cell",
        selection_default=selected,
        key=key,
        column_config={name: st.column_config.TextColumn(width=185) for name in columns},
    ).selection.cells
    plain_caption("Select a cell of your pairs for its cases. Click the head of a column to sort.")
    table_buttons(frame, stem=f"judge-means-{'tasks' if by_task else 'aspects'}")
    at = [
        number
        for number, one in enumerate(cells)
        if (places[one.pair], one.column) in {(int(row), str(name)) for row, name in picked}
    ]
    write_rows(estimates, at)
    for number in at:
        rating_cases(cells[number].estimate, cells[number].rows, cells[number].aspects)


def _own_rows(cells: Sequence[_Cell]) -> list[dict[str, object]]:
    known = services.library().known_pairs
    found: dict[str, dict[str, object]] = {}
    for one in cells:
        if one.pair not in found:
            facts = pair_facts(known[one.pair]) if one.pair in known else None
            found[one.pair] = {
                "source": "yours",
                "model": one.pair,
                "tuning": facts.kind or None if facts else None,
                "tuned on": facts.dataset or None if facts else None,
                "questions": None,
            }
        found[one.pair][one.column] = cell_text(one.estimate)
    return list(found.values())
