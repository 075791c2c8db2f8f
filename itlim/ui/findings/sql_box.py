"""A box for SQL over the stored answers; each row of a result opens its response."""

from pathlib import Path

import streamlit as st

from itlim.errors import InputError
from itlim.settings import user_folder
from itlim.store.query import EXAMPLES, VIEWS, QueryResult, data_stamp, export_views, run_query
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption, show_error

_RESULT = "query_result"


def sql_box() -> None:
    """Draw the box, its examples and the last result."""
    with st.expander("Query the answers (SQL)"):
        plain_caption(
            f"One SELECT over the views {', '.join(VIEWS)}. It runs on a copy, for at most 10 "
            "seconds, without access to files."
        )
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        example = left.selectbox(
            "Examples", list(EXAMPLES), index=None, placeholder="Choose an example"
        )
        if right.button("Use this example", disabled=example is None, width="stretch"):
            st.session_state.query_sql = EXAMPLES[example or ""]
        sql = st.text_area("SQL", key="query_sql", height=120, persist_state="session")
        if st.button("Run the query", type="primary", disabled=not sql.strip()):
            st.session_state[_RESULT] = _run(sql)
        result: QueryResult | InputError | None = st.session_state.get(_RESULT)
        if isinstance(result, InputError):
            show_error(result)
        elif result is not None:
            _rows(result)


def _run(sql: str) -> QueryResult | InputError:
    try:
        with st.spinner("Running the query …"):
            return run_query(_exported(data_stamp(services.store())), sql)
    except InputError as error:
        return error


@st.cache_resource(show_spinner=False, max_entries=1)
def _exported(stamp: tuple[int | None, ...]) -> Path:
    """The copy of the views; made again once the stored runs or tags have changed."""
    path = user_folder() / "query.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    export_views(services.store(), path)
    return path


def _rows(result: QueryResult) -> None:
    table = result.rows.to_pandas()
    picked = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", key="query_rows"
    ).selection.rows
    more = " There are more: add a LIMIT or aggregate." if result.is_cut else ""
    hint = " Select a row to open its answer." if "run_id" in table else ""
    plain_caption(f"{len(table):,} rows.{more}{hint}")
    if picked and "run_id" in table and picked[0] < len(table):
        run_id = str(table["run_id"].iloc[picked[0]])
        if st.button("Open the answer", key="query_open"):
            st.switch_page("pages/views/ask.py", query_params={"run": run_id})
