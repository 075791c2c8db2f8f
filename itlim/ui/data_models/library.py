"""Add and remove model pairs; open, import and delete stored runs."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from itlim.errors import InputError
from itlim.export import run_from_json, run_from_parquet
from itlim.library import Library, add_pair, remove_pair, training_note
from itlim.models.fingerprint import fingerprint
from itlim.models.gguf import shown_quantization
from itlim.records import DEVICES, DTYPES, ModelSource, Pair, Run
from itlim.settings import user_library_path
from itlim.store.connection import Store
from itlim.store.runs import count_runs, delete_runs, list_runs, save_run
from itlim.text.messages import plural
from itlim.text.prompts import CHAT
from itlim.ui.shared.permalink import open_run
from itlim.ui.shared.services import shown_errors

AS_TRAINED = "as in its training"
FULL, ADAPTER = "a full checkpoint", "a LoRA (PEFT) adapter"


def pairs_table(library: Library) -> None:
    """List all pairs with their models; the user's own can be removed."""
    rows = [
        {
            "pair": pair.name,
            "base": _shown(pair.base),
            "tuned": _shown(pair.tuned_source),
            "tuning": str(pair.kind),
            "template": pair.template_name,
            "IT dataset": pair.dataset or "unknown",
            "note": pair.note,
        }
        for pair in library.pairs.values()
    ]
    chosen = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="pairs_table",
    )
    picked = [rows[index]["pair"] for index in chosen.selection.rows if index < len(rows)]
    if picked and st.button(f"Remove {picked[0]} from the library", key="remove_pair"):
        with shown_errors():
            remove_pair(picked[0])
            st.toast(f"{picked[0]} removed from the library; its model files are kept.")
            st.rerun()


def _shown(source: ModelSource) -> str:
    """The path of a model, with its quantization if it is a GGUF file."""
    quantization = shown_quantization(source)
    return source.path if quantization is None else f"{source.path} (GGUF {quantization})"


def add_pair_form(library: Library) -> None:
    """Form that adds a base and a tuned model, by folder or hub id, to the user's library."""
    kind = st.segmented_control("The tuned model is", [FULL, ADAPTER], default=FULL, required=True)
    with st.form("add_pair", border=False):
        left, right = st.columns(2)
        name = left.text_input("Name", placeholder="my-sft")
        template = right.selectbox(
            "Prompt template",
            [AS_TRAINED, *library.templates, CHAT],
            help="As in its training: that of the tuned model's training.json, or alpaca if it has "
            "no such file.",
        )
        base = left.text_input(
            "Base model", placeholder="/models/llama or meta-llama/Llama-2-7b-hf"
        )
        tuned = right.text_input("Tuned model or adapter", placeholder="/models/my-sft")
        dtype = left.selectbox("dtype", DTYPES)
        device = right.selectbox("Device", DEVICES)
        dataset = left.selectbox("IT dataset", [AS_TRAINED, "unknown", *library.datasets])
        note = right.text_input("Note")
        pickle = st.checkbox(
            "Allow weights that are not safetensors. Such files can run code on this machine: use "
            "this only for models that you trust."
        )
        submitted = st.form_submit_button("Add the pair", type="primary")
    if not submitted:
        return
    with shown_errors():
        if not name.strip():
            raise InputError("The name of the pair is empty: enter one.")
        if name.strip() in library.pairs:
            raise InputError(
                f"A pair named {name.strip()!r} already exists: choose another name, or remove "
                "that pair first."
            )
        sources = [
            ModelSource(path=path.strip(), dtype=dtype, device=device, allow_pickle=pickle)
            for path in (base, tuned)
        ]
        pair = Pair(
            name=name.strip(),
            base=sources[0],
            tuned=sources[1] if kind == FULL else None,
            adapter=sources[1] if kind == ADAPTER else None,
            **_template_and_dataset(library, sources[1], template, dataset),
            note=note.strip(),
        )
        _check_models(pair)
        add_pair(pair)
        added = f"Added {pair.name} to {user_library_path()}. Choose it on Ask."
        st.toast(added, icon=":material/check_circle:")
        st.rerun()


def _check_models(pair: Pair) -> None:
    """Check that the files of a pair can be read and that its models belong together."""
    # Imported here because it loads torch, which the page does not need otherwise.
    from itlim.models.fitting import check_pair

    with st.spinner("Checking the model files …"):
        for source in (pair.base, pair.tuned_source):
            fingerprint(source)
        _check_kind(pair.tuned_source, is_adapter=pair.adapter is not None)
        for notice in check_pair(pair):
            st.toast(notice, icon=":material/warning:", duration="infinite")


def _template_and_dataset(
    library: Library, tuned: ModelSource, template: str, dataset: str
) -> dict[str, Any]:
    """Template and dataset of a new pair, from the form or the tuned model's training."""
    note = training_note(tuned)
    chosen: dict[str, Any] = {}
    if template != AS_TRAINED:
        chosen["template"] = library.template(template)
    elif note is not None and note.template is not None:
        chosen["template"] = note.template
    if dataset == AS_TRAINED:
        stated = () if note is None else note.datasets
        chosen["dataset"] = next((name for name in stated if name in library.datasets), None)
    elif dataset != "unknown":
        chosen["dataset"] = dataset
    return chosen


def _check_kind(source: ModelSource, *, is_adapter: bool) -> None:
    """Check that a folder contains the chosen kind; a hub id is checked when the model loads.

    Raises:
        InputError: the folder contains an adapter instead of a full checkpoint, or vice versa.
    """
    folder = Path(source.path)
    has_model, has_adapter = (
        (folder / name).is_file() for name in ("config.json", "adapter_config.json")
    )
    # A folder may contain both: a merged model, saved over its adapter.
    if (has_model and not has_adapter) if is_adapter else (has_adapter and not has_model):
        actual, chosen = (FULL, ADAPTER) if is_adapter else (ADAPTER, FULL)
        raise InputError(
            f"{folder} contains {actual}, not {chosen}: select {actual} above, or enter another "
            "folder."
        )


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
    if delete_button.button(f"Delete {plural(len(ids), 'run')}", disabled=not ids, width="stretch"):
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
