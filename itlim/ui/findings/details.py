"""The numbers of a section as a table, how each is computed, its cases, and files to download."""

import io
import json
from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from itlim.findings.answers import marks_name
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import MovedToken
from itlim.findings.library_pairs import is_shipped_variant
from itlim.store.runs import load_run
from itlim.text.csv_cells import csv_table
from itlim.ui.findings.figures import choose_format
from itlim.ui.findings.rows import narrow_list, rows_in_address, write_rows
from itlim.ui.findings.variants import store_variant, variant_text
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.plain_text import plain_caption

_PARQUET = "application/vnd.apache.parquet"
MAX_CASES = 20
"""Number of cases that are listed under a number."""


def finding_table(found: Sequence[Estimate], *, key: str) -> None:
    """Draw a section's numbers; a selected row shows how it is computed and its cases."""
    narrow_list(found, key=key)
    table = pd.DataFrame([_row(one) for one in found])
    # The paper has few of these numbers, and most use no marks.
    empty = [name for name in ("paper", "marks") if name in table and not table[name].any()]
    picked = st.dataframe(
        table.drop(columns=empty),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=key,
        selection_default=rows_in_address(found),
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
    write_rows(found, picked)
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
        "marks": marks_name(one.marks),
    }


def _details(one: Estimate) -> None:
    with st.container(border=True):
        st.markdown("##### How it is computed")
        plain_caption(one.computed)
        if one.paper_note:
            plain_caption(f"The paper's number: {one.paper_note}.")
        if is_shipped_variant(services.library(), one.pair):
            plain_caption(
                "The answers of this variant are in data/demo/variants and not in the database, so "
                "the query box cannot give its number."
            )
        elif one.query:
            st.code(one.query, language="sql")
        shown = one.cases[:MAX_CASES]
        if not shown:
            return
        st.markdown(f"**Cases** ({len(shown)} of {one.n_responses:,}, largest contribution first)")
        for run_id in shown:
            with st.container(horizontal=True, vertical_alignment="center"):
                case(run_id, key=f"case-{one.pair}-{one.finding_id}-{run_id}")


def case(run_id: str, *, key: str) -> None:
    """Draw a stored answer with a button that opens it."""
    text = case_button(run_id, key=key)
    if text is not None:
        st.text(text)


def case_button(run_id: str, *, key: str) -> str | None:
    """Draw a button that opens an answer; returns its instruction and response."""
    run = load_run(services.store(), run_id)
    text = f"{run.instruction}\n{run.response}" if run is not None else variant_text(run_id)
    if text is None:
        plain_caption(f"The run {run_id} has been deleted.")
    elif st.button("Open", key=key):
        if run is None:
            store_variant(run_id)
        open_page("pages/views/ask.py", {"run": run_id})
    return text


def moved_table(pair: str, moved: Sequence[MovedToken]) -> None:
    """All counted tokens of a pair, folded."""
    table = pd.DataFrame(
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
    )
    with st.expander(f"All {len(moved)} tokens", key=f"moved-{pair}", bind="query-params"):
        st.dataframe(table, hide_index=True)
        table_buttons(table, stem=f"moved-{pair}")


def table_buttons(table: pd.DataFrame, *, stem: str) -> None:
    """Draw buttons that download a table as CSV and Parquet."""
    formats = [
        Format("CSV", "csv", "text/csv", lambda: _csv(table)),
        Format("Parquet", "parquet", _PARQUET, lambda: _parquet(pa.Table.from_pandas(table))),
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        export_buttons(formats, stem=f"itlim-{stem}", key=f"table-{stem}")


def export(found: Sequence[Estimate], report: Callable[[], str]) -> None:
    """Draw buttons that download all numbers of the page, or all as one HTML file.

    Both have all numbers of the chosen pairs, and what the part on screen adds.

    Args:
        found: the numbers.
        report: writes the HTML file.
    """
    rows = [one.row() for one in found]
    formats = [
        Format("CSV", "csv", "text/csv", lambda: _csv(pd.DataFrame(rows))),
        Format("Parquet", "parquet", _PARQUET, lambda: _parquet(pa.Table.from_pylist(rows))),
        Format(
            "JSON",
            "json",
            "application/json",
            lambda: json.dumps(rows, ensure_ascii=False, indent=1),
        ),
        Format("HTML report", "html", "text/html", report),
    ]
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown(
            "Export all numbers",
            width="content",
            help="Those of the chosen pairs, and what this part of the page adds, such as the "
            "comparison of two pairs. The HTML report has their figures and tables.",
        )
        export_buttons(formats, stem="itlim-findings", key="export-findings")
        choose_format()


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _csv(table: pd.DataFrame) -> str:
    return csv_table(table)
