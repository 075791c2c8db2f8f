"""The instruction file of a batch: from an allowed folder, or uploaded."""

import hashlib
import shutil
from pathlib import Path

import streamlit as st

from itlim.batch.listing import batches_folder
from itlim.settings import data_folders
from itlim.ui.data_models.dataset_form import data_files
from itlim.ui.shared.allowed_paths import allowed_path, readable_folders
from itlim.ui.shared.uploads import safe_name, upload_field, write_content

UPLOAD, LOCAL = "Upload", "File on this machine"
SUFFIXES = ("jsonl", "json", "ndjson", "csv", "tsv", "parquet", "arrow", "feather", "gz")
_MEGABYTES = 200
_EXAMPLE = """{"instruction": "Who founded Toyota?", "id": "q1", "task": "qa", "topic": "companies"}
{"instruction": "Translate to French.", "input": "Good morning.", "task": "translation"}"""


def instruction_file() -> Path | None:
    """Let the visitor choose a file; None until there is one.

    Raises:
        InputError: the path is not one that this app may read.
    """
    kind = st.segmented_control(
        "Instructions from",
        [UPLOAD, LOCAL],
        default=UPLOAD,
        required=True,
        key="batch_from",
    )
    path = _uploaded() if kind == UPLOAD else _chosen()
    if path is None:
        with st.popover("What the file contains", icon=":material/help:"):
            st.markdown(
                "One instruction per row: JSONL, JSON, CSV, TSV (also gzipped), Parquet or Arrow. "
                "Only `instruction` is needed; `input`, `id`, `task` and `topic` are read if they "
                "are there, and findings can be split by task and topic."
            )
            st.code(_EXAMPLE, language="json", wrap_lines=True)
    return path


def discard_upload(path: Path) -> None:
    """Delete an uploaded file once its batch has a copy; other files are not touched."""
    if path.parent.parent == _uploads():
        shutil.rmtree(path.parent, ignore_errors=True)


def _uploads() -> Path:
    return batches_folder() / ".uploads"


def _chosen() -> Path | None:
    folders = data_folders()
    typed = st.selectbox(
        "File",
        [str(path) for path in data_files(folders)],
        index=None,
        placeholder="choose a file, or type a path",
        accept_new_options=True,
        key="batch_path",
        help=readable_folders(folders),
    )
    return allowed_path(typed, folders) if typed and typed.strip() else None


def _uploaded() -> Path | None:
    """Save the uploaded file in a folder that its content names, so that it keeps its own name."""
    file = upload_field(
        "File of instructions", SUFFIXES, megabytes=_MEGABYTES, key="batch_instructions"
    )
    if file is None:
        return None
    content = file.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = _uploads() / digest / safe_name(file.name)
    if not path.exists():
        write_content(content, path)
    return path
