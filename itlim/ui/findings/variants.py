"""Answers of the library's variants, which are in shipped files and not in the database."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from itlim.records import IMPORTED_ORIGIN
from itlim.store.batches import tags_of_rows
from itlim.store.runs import save_runs
from itlim.store.shipped import RUNS_FILE, TAGS_FILE, TOKENS_FILE, has_runs
from itlim.ui.shared import services


def variant_text(run_id: str) -> str | None:
    """Instruction and response of a variant's run; None if no variant has it."""
    found = (texts[run_id] for texts in map(_texts, _folders()) if run_id in texts)
    return next((f"{instruction}\n{response}" for instruction, response in found), None)


def variant_responses() -> dict[str, str]:
    """The response of each variant's run, by id."""
    return {run: text for folder in _folders() for run, (_, text) in _texts(folder).items()}


def store_variant(run_id: str) -> None:
    """Store a variant's run in the database, so that every page can open it."""
    for folder in map(Path, _folders()):
        if run_id not in _texts(str(folder)):
            continue
        chosen = [("run_id", "==", run_id)]
        runs, tokens = (
            pq.read_table(folder / name, filters=chosen) for name in (RUNS_FILE, TOKENS_FILE)
        )
        place = runs.schema.get_field_index("origin")
        # Shipped runs that are in no shipped set are deleted when a new set is loaded.
        origin = pa.array([IMPORTED_ORIGIN] * runs.num_rows, pa.string())
        save_runs(
            services.store(), runs.set_column(place, runs.schema.field(place), origin), tokens
        )


def _folders() -> list[str]:
    families = services.library().families.values()
    return [str(family.variants) for family in families if has_runs(family.variants)]


@st.cache_data(show_spinner=False)
def _texts(folder: str) -> dict[str, tuple[str, str]]:
    """Instruction and response of each run in a folder."""
    columns = ["run_id", "instruction", "response"]
    rows = pq.read_table(Path(folder) / RUNS_FILE, columns=columns).to_pylist()
    return {row["run_id"]: (row["instruction"], row["response"]) for row in rows}


def variant_tags() -> dict[str, frozenset[str]]:
    """Task and topic of each variant's run that has one, as in `store.batches.tags_by_run`."""
    return {run: tags for folder in _folders() for run, tags in _tags(folder).items()}


@st.cache_data(show_spinner=False)
def _tags(folder: str) -> dict[str, frozenset[str]]:
    path = Path(folder) / TAGS_FILE
    if not path.exists():
        return {}
    columns = ["run_id", "task", "topic"]
    rows = pq.read_table(path, columns=columns).to_pylist()
    return tags_of_rows(tuple(row[name] for name in columns) for row in rows)
