"""Open, import and delete stored runs."""

import streamlit as st

from itlim.errors import InputError
from itlim.export import run_from_json, run_from_parquet
from itlim.records import Run
from itlim.store.connection import Store
from itlim.store.runs import count_runs, delete_runs, list_runs, save_run
from itlim.text.messages import plural
from itlim.ui.shared.permalink import open_run
from itlim.ui.shared.plain_text import shown_errors


def runs_table(store: Store) -> None:
    """List stored runs, with a search, and buttons to open one or delete several."""
    search = st.text_input(
        "Search", key="runs_search", placeholder="words in the instruction or the response"
    )
    table = list_runs(store, search=search, with_rephrased=True)
    if table.num_rows == 0:
        st.info(
            "No stored run matches. Clear the search, or ask a question on Ask."
            if search
            else "No runs yet. Ask a question on Ask."
        )
        return
    shown = table.drop_columns(["run_id", "input"]).to_pandas()
    picked = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key="runs_table",
        column_config={
            "created_at": st.column_config.DatetimeColumn(
                "stored (UTC)", format="YYYY-MM-DD HH:mm"
            ),
            "n_tokens": "tokens",
            "n_marginal": "marginal",
            "n_shifted": "shifted",
            "mean_kl": st.column_config.NumberColumn(
                "mean KL (nats)",
                format="%.3f",
                help="Mean KL divergence over the tokens, KL(tuned ‖ base), in nats (natural-log "
                "units).",
            ),
        },
    ).selection.rows
    ids = [table["run_id"][index].as_py() for index in picked if index < table.num_rows]
    st.caption(
        f"{table.num_rows} of {plural(count_runs(store), 'run')} shown, newest first (at most "
        "500). End tokens are not counted."
    )
    open_button, delete_button, _ = st.columns([1, 1, 3])
    if open_button.button("Open on Ask", disabled=len(ids) != 1, width="stretch"):
        open_run(ids[0])
        st.switch_page("pages/views/ask.py", query_params={"run": ids[0]})
    label = f"Delete {plural(len(ids), 'run')}" if ids else "Delete"
    if delete_button.button(label, disabled=not ids, width="stretch"):
        _confirm_deletion(store, ids)


@st.dialog("Delete runs?")
def _confirm_deletion(store: Store, ids: list[str]) -> None:
    st.write(
        f"This permanently deletes {plural(len(ids), 'run')} with all tokens. Export what you want "
        "to keep first."
    )
    if st.button("Delete", type="primary"):
        st.toast(f"Deleted {plural(delete_runs(store, ids), 'run')}.")
        st.rerun()


def import_form(store: Store) -> None:
    """Form that imports runs exported by itlim as JSON or Parquet."""
    files = st.file_uploader(
        "Import exported runs", type=["json", "parquet"], accept_multiple_files=True
    )
    for file in files:
        with shown_errors():
            save_run(store, run := _imported(file.name, file.getvalue()))
            st.success(
                f"Imported run {run.run_id} from {file.name}.", icon=":material/check_circle:"
            )


def _imported(name: str, content: bytes) -> Run:
    if not name.endswith(".json"):
        return run_from_parquet(content)
    try:
        return run_from_json(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text ({error.reason}), but a JSON export is. Export the run "
            "again, and import that file unchanged."
        ) from error
