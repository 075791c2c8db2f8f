"""List, add and remove model pairs."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from itlim.errors import InputError
from itlim.library import Library, add_pair, remove_pair, training_note
from itlim.models.fingerprint import fingerprint
from itlim.models.gguf import shown_quantization
from itlim.records import DEVICES, DTYPES, ModelSource, Pair
from itlim.settings import is_public, user_library_path
from itlim.store.dependents import run_dependents, runs_of_pair
from itlim.store.runs import delete_runs
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.text.prompts import CHAT
from itlim.ui.data_models.remote_pairs import remote_rows
from itlim.ui.shared import services
from itlim.ui.shared.allowed_paths import allowed_model
from itlim.ui.shared.permalink import row_in_address, write_view
from itlim.ui.shared.plain_text import show_warning, shown_errors
from itlim.ui.shared.public import shown_path

AS_TRAINED = "as in its training"
FULL, ADAPTER = "a full checkpoint", "a LoRA (PEFT) adapter"
_NOTICES = "pair_notices"
PAIR = "pair"
"""URL parameter of the selected pair."""


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
    rows += remote_rows(library)
    chosen = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="pairs_table",
        selection_default=row_in_address(PAIR, [row["pair"] for row in rows]),
    )
    picked = [rows[index]["pair"] for index in chosen.selection.rows if index < len(rows)]
    write_view(**{PAIR: picked[0] if picked else None})
    if (
        picked
        and not is_public()
        and st.button(f"Remove {as_markdown(picked[0])} …", key="remove_pair")
    ):
        _confirm_removal(picked[0])


@st.dialog("Remove the pair?")
def _confirm_removal(name: str) -> None:
    """Name what depends on a pair, and remove it, with its runs if wanted."""
    store = services.store()
    runs = runs_of_pair(store, name)
    st.markdown(f"{as_markdown(name)} is removed from the library. Its model files are kept.")
    with_runs = False
    if runs:
        st.markdown(
            f"{plural(len(runs), 'stored run')} of this pair can still be opened, but not "
            "continued, rephrased or retrained."
        )
        with_runs = st.checkbox(f"Also delete {plural(len(runs), 'run')} with all tokens")
        for sentence in run_dependents(store, runs).sentences() if with_runs else ():
            st.write(sentence)
    if st.button("Remove", type="primary"):
        with shown_errors():
            remove_pair(name)
            deleted = delete_runs(store, runs) if with_runs else 0
            st.session_state.pop(_NOTICES, None)
            also = f" {plural(deleted, 'run')} deleted." if deleted else ""
            st.toast(f"{as_markdown(name)} removed from the library.{also}")
            st.rerun()


def _shown(source: ModelSource) -> str:
    """The path of a model, with its quantization if it is a GGUF file."""
    quantization = shown_quantization(source)
    path = shown_path(source.path)
    return path if quantization is None else f"{path} (GGUF {quantization})"


def add_pair_form(library: Library) -> None:
    """Form that adds a base and a tuned model, by folder or hub id, to the user's library."""
    kind = st.segmented_control("The tuned model is", [FULL, ADAPTER], default=FULL, required=True)
    with st.form("add_pair", border=False, enter_to_submit=False):
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
    st.session_state.pop(_NOTICES, None)
    with shown_errors():
        _check_name(library, name.strip())
        sources = [
            ModelSource(path=allowed_model(path), dtype=dtype, device=device, allow_pickle=pickle)
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
        notices = _checked_models(pair)
        add_pair(pair)
        # A toast would not survive the rerun.
        st.session_state[_NOTICES] = notices
        added = f"Added {pair.name} to {user_library_path()}. Choose it on Ask."
        st.toast(as_markdown(added), icon=":material/check_circle:")
        st.rerun()


def _check_name(library: Library, name: str) -> None:
    if not name:
        raise InputError("The name of the pair is empty: enter one.")
    if name in library.pairs or name in library.remote_pairs:
        raise InputError(
            f"A pair named {name!r} already exists: choose another name, or remove that pair first."
        )


def _checked_models(pair: Pair) -> tuple[str, ...]:
    """Check that the files of a pair can be read and that its models belong together.

    Returns:
        Notices for the user.
    """
    # Imported here because it loads torch, which the page does not need otherwise.
    from itlim.models.fitting import check_pair

    with st.spinner("Checking the model files …"):
        for source in (pair.base, pair.tuned_source):
            fingerprint(source)
        _check_kind(pair.tuned_source, is_adapter=pair.adapter is not None)
        return check_pair(pair)


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


def pair_notices() -> None:
    """Show what was found when the latest pair was added, until another one is."""
    for notice in st.session_state.get(_NOTICES, ()):
        show_warning(notice)
