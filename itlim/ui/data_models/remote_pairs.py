"""List and add pairs with one or both models behind a server."""

import streamlit as st

from itlim.endpoints.settings import KEY_VARIABLES
from itlim.errors import InputError
from itlim.library import Library, add_remote_pair
from itlim.records import ModelSource, RemotePair, RemoteSource, ServerModel
from itlim.settings import data_folders, is_public, user_library_path
from itlim.text.markdown import as_markdown
from itlim.text.prompts import CHAT
from itlim.ui.shared.allowed_paths import allowed_model, allowed_path
from itlim.ui.shared.endpoint import key_notes
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import shown_path

SERVER, LOCAL = "behind a server", "on this machine"


def remote_rows(library: Library) -> list[dict[str, str]]:
    """The rows of these pairs in the table of pairs; a public server does not name its servers."""
    return [
        {
            "pair": pair.name,
            "base": _shown(pair.base),
            "tuned": _shown(pair.tuned),
            "tuning": "remote",
            "template": pair.template_name,
            "IT dataset": pair.dataset or "unknown",
            "note": pair.note,
        }
        for pair in library.remote_pairs.values()
    ]


def _shown(source: RemoteSource) -> str:
    if isinstance(source, ModelSource):
        return shown_path(source.path)
    return f"{source.model} behind a server" if is_public() else source.shown


def add_remote_form(library: Library) -> None:
    """Form that adds such a pair to the user's library. No server is asked until Ask."""
    st.caption(
        "The server returns log-probabilities of given token ids, as vLLM does with "
        "`prompt_logprobs`. Probabilities are then exact, ranks and categories are exact up to "
        "ties, and KL divergence is only bounded from below. The key is read from "
        f"`{KEY_VARIABLES[0]}` or `{KEY_VARIABLES[1]}` in the environment and never stored. It is "
        "sent only to servers that `ITLIM_API_URL` or `ITLIM_KEY_URLS` names there; all others are "
        "asked without it."
    )
    key_notes(library.remote_pairs.values())
    places = _places()
    with st.form("add_remote_pair", border=False, enter_to_submit=False):
        left, right = st.columns(2)
        name = left.text_input("Name", placeholder="my-served-pair", key="remote_name")
        templates = [*library.templates, CHAT]
        template = right.selectbox(
            "Prompt template", templates, templates.index("alpaca"), key="remote_template"
        )
        sources = {role: _fields(role, place == LOCAL) for role, place in places.items()}
        left, right = st.columns(2)
        dataset = left.selectbox("IT dataset", ["unknown", *library.datasets], key="remote_dataset")
        note = right.text_input("Note", key="remote_note")
        submitted = st.form_submit_button("Add the served pair", type="primary")
    if not submitted:
        return
    with shown_errors():
        pair = RemotePair(
            name=_free_name(library, name.strip()),
            base=_source("base", sources["base"]),
            tuned=_source("tuned", sources["tuned"]),
            template=library.template(template),
            dataset=None if dataset == "unknown" else dataset,
            note=note.strip(),
        )
        _check(pair)
        add_remote_pair(pair)
        added = as_markdown(f"Added to {user_library_path()}. Choose it on Ask.")
        st.toast(added, icon=":material/check:")
        st.rerun()


def _places() -> dict[str, str]:
    """Draw where each model is, by role; outside the form, since the fields depend on it."""
    return {
        role: column.segmented_control(
            f"The {role} model is",
            [SERVER, LOCAL],
            default=SERVER,
            required=True,
            key=f"remote_{role}_place",
        )
        for role, column in zip(("base", "tuned"), st.columns(2), strict=True)
    }


def _fields(role: str, is_local: bool) -> dict[str, str]:
    """The fields of one model, by name of the field."""
    title = role.capitalize()
    if is_local:
        path = st.text_input(
            f"{title} model: folder or hub id", key=f"remote_{role}_path", placeholder="/models/…"
        )
        return {"path": path.strip()}
    columns = st.columns(3)
    url = columns[0].text_input(
        f"{title} model: server",
        key=f"remote_{role}_url",
        placeholder="http://127.0.0.1:8000/v1",
    )
    model = columns[1].text_input(f"{title} model: its name there", key=f"remote_{role}_model")
    tokenizer = columns[2].text_input(
        f"{title} model: tokenizer",
        key=f"remote_{role}_tokenizer",
        help="A folder on this machine with the model's tokenizer, or its tokenizer.json.",
    )
    return {"url": url.strip(), "model": model.strip(), "tokenizer": tokenizer.strip()}


def _source(role: str, fields: dict[str, str]) -> RemoteSource:
    if "path" in fields:
        return ModelSource(path=allowed_model(fields["path"]))
    empty = [name for name, value in fields.items() if not value]
    if empty:
        raise InputError(f"The {role} model lacks its {empty[0]}: enter it.")
    tokenizer = str(allowed_path(fields["tokenizer"], data_folders()))
    return ServerModel(**{**fields, "tokenizer": tokenizer})


def _free_name(library: Library, name: str) -> str:
    if not name:
        raise InputError("The name of the pair is empty: enter one.")
    if name in library.pairs or name in library.remote_pairs:
        raise InputError(
            f"A pair named {name!r} already exists: choose another name, or remove that pair first."
        )
    return name


def _check(pair: RemotePair) -> None:
    # Imported here because it loads torch, which the page does not need otherwise.
    from itlim.remote.answering import check_tokenizers

    with st.spinner("Checking the tokenizers …"):
        check_tokenizers(pair)
