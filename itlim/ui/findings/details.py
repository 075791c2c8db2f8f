"""The numbers of a section as a table, how each is computed, its cases, and files to download."""

import io
import json
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from itlim.findings.answers import GOLD
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import MovedToken
from itlim.store.runs import load_run
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.plain_text import plain_caption

MAX_CASES = 20
"""Number of cases that are listed under a number."""


def finding_table(found: Sequence[Estimate], *, key: str) -> None:
    """Draw a section's numbers; a selected row shows how it is computed and its cases."""
    picked = st.dataframe(
        pd.DataFrame([_row(one) for one in found]),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=key,
        column_config={
            "claim": st.column_config.TextColumn(width=380),
            "value": st.column_config.NumberColumn(format="%.3g"),
            "low": st.column_config.NumberColumn(format="%.3g", help="Of the 95% interval."),
            "high": st.column_config.NumberColumn(format="%.3g", help="Of the 95% interval."),
            "paper": st.column_config.NumberColumn(
                format="%.3g", help="Empty where the paper reports no such number."
            ),
        },
    ).selection.rows
    for place in picked:
        if place < len(found):
            _details(found[place])


def _row(one: Estimate) -> dict[str, object]:
    return {
        "claim": one.claim,
        "pair": one.pair,
        "value": one.value,
        "low": one.ci_low,
        "high": one.ci_high,
        "unit": one.unit,
        "paper": one.paper_value,
        "n": f"{one.n:,} {one.of}" if one.n else one.missing,
        "marks": "known answers" if one.marks == GOLD else one.marks,
    }


def _details(one: Estimate) -> None:
    with st.container(border=True):
        st.markdown("**How it is computed**")
        plain_caption(one.computed)
        if one.paper_note:
            plain_caption(f"The paper's number: {one.paper_note}.")
        st.code(one.query, language="sql")
        shown = one.cases[:MAX_CASES]
        st.markdown(f"**Cases** ({len(shown)} of {one.n_responses:,}, largest contribution first)")
        for run_id in shown:
            with st.container(horizontal=True, vertical_alignment="center"):
                case(run_id, key=f"case-{one.pair}-{one.finding_id}-{run_id}")


def case(run_id: str, *, key: str) -> None:
    """Draw a stored answer with a button that opens it."""
    run = load_run(services.store(), run_id)
    if run is None:
        plain_caption(f"The run {run_id} has been deleted.")
        return
    if st.button("Open", key=key):
        st.switch_page("pages/views/ask.py", query_params={"run": run_id})
    st.text(f"{run.instruction}\n{run.response}")


def moved_table(moved: Sequence[MovedToken]) -> None:
    """All counted tokens, folded."""
    with st.expander(f"All {len(moved)} tokens"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "token": one.text,
                        "shifted": one.n_shifted,
                        "marginal": one.n_marginal,
                        "unshifted": one.n_unshifted,
                        "kind": "style" if one.is_style else "content",
                    }
                    for one in moved
                ]
            ),
            hide_index=True,
        )


def export(found: Sequence[Estimate]) -> None:
    """Draw buttons that download all numbers of the page."""
    rows = [one.row() for one in found]
    formats = [
        Format("CSV", "csv", "text/csv", lambda: pd.DataFrame(rows).to_csv(index=False)),
        Format("Parquet", "parquet", "application/vnd.apache.parquet", lambda: _parquet(rows)),
        Format(
            "JSON",
            "json",
            "application/json",
            lambda: json.dumps(rows, ensure_ascii=False, indent=1),
        ),
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Export all numbers", width="content")
        export_buttons(formats, stem="itlim-findings", key="export-findings")


def _parquet(rows: list[dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()
