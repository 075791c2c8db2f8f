"""The phrases that a batch traced: how many exceed chance, and a way to each of them."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import streamlit as st

from itlim.batch.folders import BatchFolder
from itlim.batch.parts import PHRASES_FILE
from itlim.batch.trace_output import BETWEEN_NAMES
from itlim.records.traces import BEYOND_CHANCE
from itlim.store.shipped import RUNS_FILE
from itlim.text.messages import plural
from itlim.ui.shared.navigation import open_page

_SHOWN = 200


def traced_phrases(batch: BatchFolder) -> None:
    """List the phrases of a batch by p; nothing if it traced none."""
    path = batch.out / PHRASES_FILE
    if not path.exists():
        return
    rows = pq.read_table(path)
    found = rows.filter(pc.less(rows["null_p"], BEYOND_CHANCE)).num_rows
    share = f"{found:,} of {plural(rows.num_rows, 'answer')}"
    title = f"Traced phrases: {share} with p < {BEYOND_CHANCE}"
    with st.expander(title, icon=":material/search:", key="phrases", bind="query-params"):
        st.caption(
            f"The phrase of each answer that is most likely borrowed, with its p corrected for the "
            f"choice. Up to about {BEYOND_CHANCE:.0%} of answers that borrow nothing have p < "
            f"{BEYOND_CHANCE} too."
        )
        _table(batch, rows)


def _table(batch: BatchFolder, rows: pa.Table) -> None:
    named = rows.filter(pc.is_valid(rows["span_text"])).sort_by([("null_p", "ascending")])
    runs = pq.read_table(batch.out / RUNS_FILE, columns=["run_id", "pair", "instruction"])
    of_run = {row["run_id"]: row for row in runs.to_pylist()}
    shown = [row for row in named.slice(0, _SHOWN).to_pylist() if row["run_id"] in of_run]
    picked = st.dataframe(
        pd.DataFrame(
            {
                "phrase": [row["span_text"] for row in shown],
                "p": [row["null_p"] for row in shown],
                "instance": [row["instance_id"] for row in shown],
                "traced in": [row["dataset"] for row in shown],
                "pair": [of_run[row["run_id"]]["pair"] for row in shown],
                "instruction": [of_run[row["run_id"]]["instruction"] for row in shown],
            }
        ),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="batch_phrases",
        column_config={
            "p": st.column_config.NumberColumn(format="%.3g"),
            "phrase": st.column_config.TextColumn(width="large"),
        },
    ).selection.rows
    if named.num_rows > _SHOWN:
        st.caption(f"The first {_SHOWN} of {named.num_rows:,}.")
    chosen = shown[picked[0]] if picked and picked[0] < len(shown) else None
    if st.button("Open on Trace", key="batch_phrase_open", disabled=chosen is None) and chosen:
        open_page(
            "pages/views/trace.py",
            {
                "run": chosen["run_id"],
                "span": f"{chosen['span_start']}-{chosen['span_stop']}",
                "datasets": ",".join(chosen["dataset"].split(BETWEEN_NAMES)),
            },
        )
