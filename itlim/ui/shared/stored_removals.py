"""Removals that a shipped leave-out study measured, for one phrase of a stored answer."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import streamlit as st

from itlim.library.families import SHIPPED_SEED
from itlim.records import Run
from itlim.schema import TuningKind
from itlim.ui.shared.ground_truth import MeasuredRemoval

_COLUMNS = (
    "response",
    "span_start",
    "span_stop",
    "instance_ids",
    "logp_drop",
    "phrase_gone",
    "becomes_correct",
)


def largest_removal(path: Path, run: Run, start: int, stop: int) -> MeasuredRemoval | None:
    """The single removal with the largest effect on a phrase; None if none was measured.

    Args:
        path: table of the study (`schema.LEAVE_OUT`).
        run: a stored answer; studies retrain fully tuned models only.
        start: first code point of the phrase.
        stop: one past its last.
    """
    if run.tuning != TuningKind.FULL:
        return None
    rows = [
        row
        for row in _removals(path, run.instruction).to_pylist()
        if row["response"] == run.response
        and (row["span_start"], row["span_stop"]) == (start, stop)
    ]
    if not rows:
        return None
    best = max(rows, key=lambda row: (row["phrase_gone"], row["logp_drop"]))
    return MeasuredRemoval(
        instance_id=best["instance_ids"][0],
        phrase_gone=best["phrase_gone"],
        becomes_correct=best["becomes_correct"],
        drop=best["logp_drop"],
        n_others=len(rows) - 1,
        n_others_gone=sum(row["phrase_gone"] for row in rows) - best["phrase_gone"],
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _removals(path: Path, instruction: str) -> pa.Table:
    """All single removals measured on a question, with the shipped model's seed."""
    if not path.exists():
        return pa.table({name: [] for name in _COLUMNS})
    asked = [("instruction", "==", instruction), ("seed", "==", SHIPPED_SEED)]
    rows = pq.read_table(path, columns=list(_COLUMNS), filters=asked)
    return rows.filter(pc.equal(pc.list_value_length(rows["instance_ids"]), 1))
