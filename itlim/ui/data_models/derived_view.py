"""A derived dataset beside its parent: lineage, lengths, and every row before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from itlim.charts.length_change import length_curves
from itlim.datasets import read_dataset
from itlim.datasets.hub import hub_id
from itlim.datasets.lineage import Lineage, is_unchanged, lineage_lines, read_lineage
from itlim.datasets.sources import find_files
from itlim.errors import DatasetError, NotFoundError
from itlim.library import DatasetEntry, Library
from itlim.remedies.deriving import files_sha256
from itlim.remedies.row_changes import Fate, RowChange, length_totals, row_changes
from itlim.settings import is_public
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.data_models.row_difference import show_difference
from itlim.ui.shared import services
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, show_warning

DERIVED, ROW = "derived", "row"
"""URL parameters: the name of the dataset, and the id of the parent's instance."""
ALL = "All"
_TABLE = "derived_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    changes: list[RowChange]
    problems: tuple[str, ...]


def lineage_of_entry(entry: DatasetEntry) -> Lineage | None:
    """The lineage of a dataset of the library; None if it was not made from another one."""
    return read_lineage(entry.path)


def show_lineage(lineage: Lineage) -> None:
    """Draw the lineage in sentences."""
    with st.container(border=True, key="lineage"):
        st.markdown(f"**Lineage: {as_markdown(lineage.operation)}**")
        plain_caption("\n".join(lineage_lines(lineage)))


def show_lineage_of(entry: DatasetEntry) -> None:
    """Draw the lineage of a dataset, with a button that compares it; nothing if it has none."""
    try:
        lineage = lineage_of_entry(entry)
    except DatasetError as error:
        show_error(error)
        return
    if lineage is None:
        return
    show_lineage(lineage)
    if not is_public():
        st.button(
            f"Compare with {as_markdown(lineage.parent.name)}",
            icon=":material/difference:",
            key="compare_derived",
            on_click=_compare,
            args=(entry.name,),
        )


def _compare(name: str) -> None:
    """Open the comparison with the parent; the widgets are on the same page."""
    st.session_state["part"] = "Derived datasets"
    write_view(**{DERIVED: name, ROW: None})


def show_derived(library: Library, name: str) -> None:
    """Draw a derived dataset.

    Raises:
        NotFoundError: there is no such dataset, or it was not made from another one.
        DatasetError: a file cannot be read.
    """
    entry = library.dataset(name)
    lineage = lineage_of_entry(entry)
    if entry.path is None or lineage is None:
        raise NotFoundError(f"{name} was not made from another dataset: no lineage is recorded.")
    show_lineage(lineage)
    parent = Path(lineage.parent.source)
    if not parent.exists():
        show_warning(_why_missing(lineage))
        return
    files = [entry.path, *(one.path for one in find_files(parent))]
    stamps = tuple((str(path), path.stat().st_mtime_ns) for path in files)
    found = _compared(entry, lineage, library.datasets.get(lineage.parent.name), stamps)
    for problem in found.problems:
        show_warning(problem)
    _summary(found.changes)
    _rows(found.changes)


def _why_missing(lineage: Lineage) -> str:
    facts = lineage.parent
    if hub_id(facts.source) is None:
        return f"The dataset {facts.name} is no longer at its place, so rows cannot be compared."
    return (
        f"{facts.name} was read from the hub ({facts.source}), and rows are compared with files on "
        f"this machine only. Download its file, add it under Datasets, and make the dataset from "
        "that one to see every row before and after."
    )


@st.cache_resource(show_spinner="Comparing the rows …", max_entries=2)
def _compared(
    entry: DatasetEntry,
    _lineage: Lineage,
    _parent: DatasetEntry | None,
    stamps: tuple[tuple[str, int], ...],
) -> _Compared:
    del stamps  # Only so that changed files are compared again.
    facts = _lineage.parent
    source = Path(facts.source)
    problems = []
    if entry.path is not None and not is_unchanged(entry.path, _lineage):
        problems.append(f"{entry.name} has changed since it was made.")
    if files_sha256([one.path for one in find_files(source)]) != facts.sha256:
        problems.append(
            f"{facts.name} has changed since {entry.name} was made from it: what is compared is "
            "its current content."
        )
    is_known = _parent is not None and _parent.path == source
    before = read_dataset(
        source,
        facts.name,
        format=_parent.format if is_known and _parent else None,
        mapping=(dict(_parent.mapping) or None) if is_known and _parent else None,
    )
    after = read_dataset(entry.located(), entry.name)
    return _Compared(changes=row_changes(before.table, after.table), problems=tuple(problems))


def _summary(changes: Sequence[RowChange]) -> None:
    counts = {fate: sum(one.fate is fate for one in changes) for fate in Fate}
    totals = length_totals(changes)
    share = "" if totals.share is None else f" ({totals.share:.0%})"
    st.markdown(
        f"**{plural(len(changes), 'row')}**: "
        + ", ".join(f"{count:,} {fate}" for fate, count in counts.items())
        + f". Words of all responses: {totals.before:,} before, {totals.after:,} after{share}."
    )
    before = [one.words_before for one in changes]
    after = [one.words_after for one in changes if one.words_after is not None]
    show_figure(
        length_curves(before, after, theme=services.theme()),
        key="derived_lengths",
        alt="Share of responses with at most so many words, before and after.",
    )


def _rows(changes: Sequence[RowChange]) -> None:
    """Draw the table of rows and the one that the address names, or else the first."""
    kinds = [ALL, *(fate.capitalize() for fate in Fate if any(c.fate is fate for c in changes))]
    kind = st.segmented_control(
        "Rows", kinds, default=ALL, required=True, key="derived_kind", bind="query-params"
    )
    listed = [one for one in changes if kind in (ALL, one.fate.capitalize())]
    if not listed:
        st.caption("No such row.")
        return

    def pick() -> None:
        rows = st.session_state[f"{_TABLE}-{kind}"].selection.rows
        if rows and rows[0] < len(listed):
            write_view(**{ROW: listed[rows[0]].parent_id})

    st.dataframe(
        pd.DataFrame(map(_table_row, listed)),
        hide_index=True,
        height=280,
        on_select=pick,
        selection_mode="single-row",
        key=f"{_TABLE}-{kind}",
        column_config={
            "words before": st.column_config.NumberColumn(format="localized"),
            "words after": st.column_config.NumberColumn(format="localized"),
            "change": st.column_config.NumberColumn(format="%+d"),
            "instruction": st.column_config.TextColumn(width=420),
        },
    )
    wanted = st.query_params.get(ROW)
    shown = next((one for one in changes if one.parent_id == wanted), None)
    if wanted and shown is None:
        show_warning(f"There is no row {wanted!r:.80}: the first one is shown.")
    shown = shown or listed[0]
    plain_caption(
        f"{shown.parent_id}, {shown.fate}. Select a row of the table to see another one; the "
        "address of this page then leads to it. Struck through: removed; underlined: new."
    )
    show_difference(shown)


def _table_row(one: RowChange) -> dict[str, object]:
    change = None if one.words_after is None else one.words_after - one.words_before
    return {
        "row": one.parent_id,
        "became": str(one.fate),
        "words before": one.words_before,
        "words after": one.words_after,
        "change": change,
        "instruction": one.before["instruction"],
    }
