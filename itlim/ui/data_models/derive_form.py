"""Form that makes a dataset from another one, with a preview of its first rows."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from itlim.datasets import DatasetReader, open_dataset
from itlim.datasets.lineage import ParentDataset
from itlim.errors import InputError
from itlim.library import DatasetEntry, Library
from itlim.remedies.chat import Usage
from itlim.remedies.cost import CostEstimate
from itlim.remedies.deriving import Derived, Parent
from itlim.remedies.row_changes import TEXTS, Fate, RowChange, row_change
from itlim.text.messages import plural
from itlim.ui.data_models.batch_view import time_left
from itlim.ui.data_models.derive_options import choose
from itlim.ui.data_models.derive_work import Asked, Chosen, DeriveWork, derived_file
from itlim.ui.data_models.row_difference import show_difference
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption

_WORK = "derive"
_SAMPLE = 50
"""Rows of which the preview is made."""
_SHOWN = 3
"""Changed rows in the preview."""


def works() -> dict[str, DeriveWork]:
    """Datasets being made, by name."""
    return services.in_progress(_WORK)


def derive_form(library: Library) -> None:
    """Draw the form; pressing its button starts the work.

    Raises:
        DatasetError, InputError: the dataset or a setting cannot be used.
    """
    names = [name for name, entry in library.datasets.items() if entry.path is not None]
    name = st.selectbox("Dataset", names, key="derive_from")
    if not name:
        st.caption("Add a dataset first, under Datasets.")
        return
    entry = library.dataset(name)
    path = entry.located()
    sample = _sample(entry, Path(path).stat().st_mtime_ns)
    chosen = choose(sample)
    if chosen is None:
        return
    if chosen.asked is None:
        _preview(sample, chosen)
    else:
        _cost(entry, Path(path).stat().st_mtime_ns, chosen.asked)
    _start(library, entry, chosen)


@st.cache_resource(show_spinner=False, max_entries=4)
def _sample(entry: DatasetEntry, stamp: int) -> Parent:
    """The first rows of a dataset, as if they were all of it."""
    del stamp  # Only so that a changed file is read again.
    first = next(_opened(entry).batches(max_rows=_SAMPLE))  # raises an error if no row is usable
    table = pa.Table.from_batches([first])
    facts = ParentDataset(name=entry.name, source="", sha256="", rows=table.num_rows)
    return Parent(facts=facts, table=table)


def _opened(entry: DatasetEntry) -> DatasetReader:
    return open_dataset(
        entry.located(), entry.name, format=entry.format, mapping=entry.mapping or None
    )


def _cost(entry: DatasetEntry, stamp: int, asked: Asked) -> None:
    """Draw the first prompt, the estimated cost, and how long asking takes at least."""
    with st.expander("The first prompt"):
        st.code(asked.prompt, language=None, wrap_lines=True)
    estimate = _estimate(entry, stamp, asked.cost_depends_on, asked.cost)
    plain_caption(estimate.sentence(asked.settings))
    per_minute = asked.settings.requests_per_minute
    least = time_left(60 * estimate.usage.requests / per_minute)
    st.caption(
        f"{plural(asked.requests_per_row, 'request')} per row, {per_minute:g} per minute at most: "
        f"{least} or longer. Replies are kept: after Cancel, the same settings and name resume, "
        "and nothing is asked twice."
    )


@st.cache_data(show_spinner="Estimating the cost …", max_entries=8)
def _estimate(
    entry: DatasetEntry,
    stamp: int,
    depends_on: tuple[str, ...],
    _cost: Callable[[Iterable[Mapping[str, Any]]], CostEstimate],
) -> CostEstimate:
    """The estimate for all rows of a dataset."""
    del stamp, depends_on  # Only so that a change gives another estimate.
    batches = _opened(entry).batches()
    return _cost(row for batch in batches for row in batch.to_pylist())


def _preview(sample: Parent, chosen: Chosen) -> None:
    try:
        derived = chosen.make(sample, Path(), Usage(), lambda *_: None, lambda: False)
    except InputError as error:
        plain_caption(f"No preview of the first {sample.facts.rows} rows: {error}")
        return
    changes = _changes(sample, derived)
    counts = {fate: sum(one.fate is fate for one in changes) for fate in Fate}
    n = plural(len(changes), "row")
    st.caption(f"First {n}: " + ", ".join(f"{count:,} {fate}" for fate, count in counts.items()))
    shown = [one for one in changes if one.fate is Fate.CHANGED][:_SHOWN]
    with st.expander("Preview", expanded=bool(shown)):
        if not shown:
            st.caption("No text of the first rows changes.")
        for one in shown:
            show_difference(one)


def _changes(sample: Parent, derived: Derived) -> list[RowChange]:
    made = {row.parent_id: {name: getattr(row, name) for name in TEXTS} for row in derived.rows}
    return [row_change(row, made.get(row["instance_id"])) for row in sample.rows()]


def _start(library: Library, entry: DatasetEntry, chosen: Chosen) -> None:
    suggested = f"{entry.name}-{chosen.suffix}"
    name = st.text_input("Name", suggested, key=f"derive_name_{suggested}", max_chars=80).strip()
    busy = any(not work.done for work in works().values())
    if not st.button(
        "Make dataset",
        type="primary",
        icon=":material/play_arrow:",
        key="derive_start",
        disabled=busy,
    ):
        return
    if not name:
        raise InputError("The name of the dataset is empty: enter one.")
    known = library.datasets.get(name)
    if known is not None and known.path != derived_file(name).resolve():
        raise InputError(f"A dataset named {name!r} already exists: choose another name.")
    works()[name] = DeriveWork(name, entry, chosen).start()
    st.rerun()
