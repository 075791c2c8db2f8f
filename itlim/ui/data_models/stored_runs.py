"""Open and delete stored runs."""

import pandas as pd
import pyarrow as pa
import streamlit as st

from itlim.settings import is_public
from itlim.store.connection import Store
from itlim.store.dependents import run_dependents
from itlim.store.runs import count_runs, delete_runs, list_runs, pairs_with_runs
from itlim.text.messages import plural
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.public import MAX_SEARCH, limited


def runs_table(store: Store) -> None:
    """List stored runs, with a search, and buttons to open one or delete several."""
    search, pairs = _filters(store)
    table = list_runs(store, pairs=pairs, search=search, with_rephrased=True)
    if table.num_rows == 0:
        st.info(
            "No stored run matches. Clear the search and the pairs, or ask a question on Ask."
            if search or pairs
            else "No runs yet. Ask a question on Ask."
        )
        return
    # Numbers of tokens stay whole numbers beside those that are missing.
    shown = table.drop_columns(["run_id", "input"]).to_pandas(
        types_mapper={pa.int64(): pd.Int64Dtype()}.get
    )
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
    _notes(store, table)
    _buttons(store, ids)


def _filters(store: Store) -> tuple[str, list[str]]:
    """Draw the search and the choice of pairs, which are URL parameters; returns both."""
    left, right = st.columns([2, 1])
    search = limited(
        left.text_input,
        "Search",
        key="runs_search",
        bind="query-params",
        limit=MAX_SEARCH,
        placeholder="words in the instruction or the response",
    )
    pairs = right.multiselect(
        "Pairs",
        pairs_with_runs(store),
        key="runs_pairs",
        bind="query-params",
        placeholder="All pairs",
    )
    return search, pairs


def _buttons(store: Store, ids: list[str]) -> None:
    """Buttons that open or delete the selected runs."""
    open_button, delete_button, _ = st.columns([1, 1, 3])
    if open_button.button("Open on Ask", disabled=len(ids) != 1, width="stretch"):
        open_page("pages/views/ask.py", {"run": ids[0]})
    if is_public():
        return
    label = f"Delete {plural(len(ids), 'run')}" if ids else "Delete"
    if delete_button.button(label, disabled=not ids, width="stretch"):
        _confirm_deletion(store, ids)


def _notes(store: Store, table: pa.Table) -> None:
    """Say how many runs are shown, and how many of them have no numbers."""
    st.caption(
        f"{table.num_rows} of {plural(count_runs(store), 'run')} shown, newest first (at most "
        "500). End tokens are not counted."
    )
    n_without = table["n_tokens"].null_count
    if n_without:
        st.caption(
            f"Of these, {plural(n_without, 'answer')} {'has' if n_without == 1 else 'have'} no "
            "token measures (imported without models, or scored by servers): tokens, categories "
            "and KL are empty there."
        )


@st.dialog("Delete runs?")
def _confirm_deletion(store: Store, ids: list[str]) -> None:
    st.write(
        f"This permanently deletes {plural(len(ids), 'run')} with all tokens. Export what you want "
        "to keep first."
    )
    for sentence in run_dependents(store, ids).sentences():
        st.write(sentence)
    if st.button("Delete", type="primary"):
        st.toast(f"Deleted {plural(delete_runs(store, ids), 'run')}.")
        st.rerun()
