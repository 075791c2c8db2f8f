"""A box for SQL over the stored answers; each row of a result opens its response."""

from pathlib import Path

import streamlit as st

from itlim.errors import BusyError, InputError
from itlim.settings import is_read_only, user_folder
from itlim.store.query import EXAMPLES, VIEWS, QueryResult, export_views, run_query
from itlim.store.stamps import data_stamp
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.permalink import MAX_LINKED, write_view
from itlim.ui.shared.plain_text import plain_caption, show_error
from itlim.ui.shared.public import MAX_SQL, check_length, in_turn, longest

_RESULT, _PARAMETER = "query_result", "sql"


def sql_box() -> None:
    """Draw the box, its examples and the last result."""
    with st.container():
        st.subheader("Query the answers (SQL)")
        own = " Answers of this visit are not in it." if is_read_only() else ""
        plain_caption(
            f"One SELECT over the views {', '.join(VIEWS)}. It runs on a copy, for at most 10 "
            f"seconds, without access to files.{own}"
        )
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        example = left.selectbox(
            "Examples", list(EXAMPLES), index=None, placeholder="Choose an example"
        )
        if right.button("Use this example", disabled=example is None, width="stretch"):
            st.session_state.query_sql = EXAMPLES[example or ""]
        linked = st.query_params.get(_PARAMETER, "")
        if "query_sql" not in st.session_state and len(linked) <= MAX_LINKED:
            st.session_state.query_sql = linked
        sql = st.text_area(
            "SQL", key="query_sql", height=120, persist_state="session", max_chars=longest(MAX_SQL)
        )
        write_view(**{_PARAMETER: sql if 0 < len(sql) <= MAX_LINKED else None})
        if st.button("Run the query", type="primary", disabled=not sql.strip()):
            st.session_state[_RESULT] = _run(sql)
        result: QueryResult | BusyError | InputError | None = st.session_state.get(_RESULT)
        if isinstance(result, BusyError | InputError):
            show_error(result)
        elif result is not None:
            _rows(result)


def _run(sql: str) -> QueryResult | BusyError | InputError:
    try:
        check_length(sql, MAX_SQL, "query")
        # The copy is the same for all visitors, so it has no answers that only one of them sees.
        with st.spinner("Running the query …"), in_turn():
            return run_query(_exported(data_stamp(services.shared_store())), sql)
    except (BusyError, InputError) as error:
        return error


@st.cache_resource(show_spinner=False, max_entries=1)
def _exported(stamp: tuple[int | None, ...]) -> Path:
    """The copy of the views; made again once the stored runs or tags have changed."""
    path = user_folder() / "query.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    export_views(services.shared_store(), path)
    return path


def _rows(result: QueryResult) -> None:
    table = result.rows.to_pandas()
    picked = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", key="query_rows"
    ).selection.rows
    more = " There are more: add a LIMIT or aggregate." if result.is_cut else ""
    hint = " Select a row to open its answer." if "run_id" in table else ""
    plain_caption(f"{plural(len(table), 'row')}.{more}{hint}")
    if picked and "run_id" in table and picked[0] < len(table):
        run_id = str(table["run_id"].iloc[picked[0]])
        if st.button("Open the answer", key="query_open"):
            open_page("pages/views/ask.py", {"run": run_id})
