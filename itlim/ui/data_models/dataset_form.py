"""Add a dataset by a path inside the allowed folders, by upload, or by hub id: look, then add."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from itlim.datasets import preview_dataset
from itlim.errors import InputError
from itlim.library import DatasetEntry, Library, add_dataset
from itlim.records import DatasetFormat, DatasetPreview
from itlim.settings import data_folders, uploads_folder
from itlim.ui.shared.services import shown_errors

HERE, UPLOAD, HUB = "A file on this machine", "Upload", "A hub id"
UPLOAD_MEGABYTES = 200
_SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".parquet")
_FILES_LISTED = 300
_FIELDS = ("instruction", "input", "response", "conversation")
_NOTHING = "–"


def add_dataset_form(library: Library) -> DatasetEntry | None:
    """Draw the form; the entry when the visitor has just added one, else None."""
    kind = st.segmented_control(
        "Where is it?", [HERE, UPLOAD, HUB], default=HERE, required=True, key="dataset_from"
    )
    with shown_errors():
        source = _source(kind)
        if not source:
            return None
        preview = _previewed(source)
        if preview is not None:
            show_preview(preview)
            return _name_and_add(library, source, preview)
    return None


def _source(kind: str) -> Path | str | None:
    if kind == HUB:
        found = st.text_input("Hub id", placeholder="owner/name or owner/name:split")
        return found.strip() or None
    if kind == UPLOAD:
        return _uploaded()
    folders = data_folders()
    typed = st.selectbox(
        "File or folder",
        [str(path) for path in data_files(folders)],
        index=None,
        placeholder="choose, or type a path",
        accept_new_options=True,
        help="Inside " + ", ".join(f"`{folder}`" for folder in folders) + ". Other folders can be "
        "allowed with the environment variable ITLIM_DATA_FOLDERS.",
    )
    return allowed_path(typed, folders) if typed and typed.strip() else None


def data_files(folders: Sequence[Path]) -> list[Path]:
    """Files in these folders that may hold a dataset, at most 300, by name."""
    found: list[Path] = []
    for folder in folders:
        for parent, names, files in os.walk(folder):
            # Weights, indexes and stored runs are no datasets.
            names[:] = sorted(set(names) - {"models", "runs", "indexes", "facts"})
            paths = (Path(parent, name) for name in sorted(files))
            found += [path for path in paths if path.suffix in _SUFFIXES]
            if len(found) >= _FILES_LISTED:
                return found[:_FILES_LISTED]
    return found


def allowed_path(typed: str, folders: Sequence[Path]) -> Path:
    """The path, if it lies inside an allowed folder; links are followed first.

    A relative path is looked for in each of the folders.

    Raises:
        InputError: it lies elsewhere, or nothing is there.
    """
    given = Path(typed.strip()).expanduser()
    inside = next((folder / given for folder in folders if (folder / given).exists()), given)
    path = inside.resolve()
    if not any(path.is_relative_to(folder.resolve()) for folder in folders):
        raise InputError(
            f"{path} lies outside the folders this app may read: "
            f"{', '.join(str(folder) for folder in folders)}. Move it there, upload it, or allow "
            "its folder with ITLIM_DATA_FOLDERS."
        )
    if not path.exists():
        raise InputError(f"There is no file or folder {path}.")
    return path


def _uploaded() -> Path | None:
    """The uploaded file's copy on disk, named after its content."""
    file = st.file_uploader(
        "JSON, JSONL, CSV, TSV or Parquet",
        type=[suffix.removeprefix(".") for suffix in _SUFFIXES],
        max_upload_size=UPLOAD_MEGABYTES,
        key="dataset_upload",
    )
    if file is None:
        return None
    content = file.getvalue()
    name = Path(file.name)
    digest = hashlib.sha256(content).hexdigest()[:12]
    path = uploads_folder() / f"{name.stem[:60]}-{digest}{name.suffix}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        draft.write_bytes(content)
        os.replace(draft, path)
    return path


def _previewed(source: Path | str) -> DatasetPreview | None:
    """What the file seems to hold, with the columns as the visitor names them."""
    chosen: dict[str, Any] = st.session_state.setdefault("dataset_mapping", {})
    if chosen.get("source") != str(source):
        chosen = st.session_state.dataset_mapping = {"source": str(source), "mapping": {}}
    bar = st.empty()

    def report(fraction: float, message: str) -> None:
        bar.progress(min(1.0, fraction), text=message)

    preview = preview_dataset(source, mapping=chosen["mapping"] or None, report=report)
    bar.empty()
    mapping = _column_choice(preview)
    is_whole = "conversation" in mapping or {"instruction", "response"} <= mapping.keys()
    if is_whole and mapping != preview.mapping.as_dict():
        chosen["mapping"] = mapping
        preview = preview_dataset(source, mapping=mapping)
    return preview


def _column_choice(preview: DatasetPreview) -> dict[str, str]:
    """Which column holds what; begins with what was recognised."""
    found = preview.mapping.as_dict()
    # A known format names its columns, in these rows or not: the input may be missing.
    options = list(dict.fromkeys([_NOTHING, *preview.columns, *found.values()]))
    with st.expander("Columns", expanded=preview.format is None):
        chosen = {}
        for place, field in zip(st.columns(len(_FIELDS)), _FIELDS, strict=True):
            column = place.selectbox(
                field.capitalize(),
                options,
                index=options.index(found.get(field, _NOTHING)),
                key=f"column-{field}-{hash((preview.source, preview.columns))}",
            )
            if column != _NOTHING:
                chosen[field] = column
    return chosen


def show_preview(preview: DatasetPreview) -> None:
    """What was recognised, the first instances, and rows that cannot be used."""
    size = f"{preview.n_bytes / 1e6:.1f} MB of {str(preview.kind).upper()}"
    if preview.format is None:
        st.warning(
            f"{size}; no known format: {' '.join(preview.reasons)} Name the columns above.",
            icon="🧩",
        )
    else:
        name = str(preview.format).replace("_", "/")
        st.success(f"{size}, read as **{name}**: {' '.join(preview.reasons)}", icon="✅")
    if preview.instances.num_rows:
        columns = ["source_line", "instruction", "input", "response"]
        st.dataframe(
            preview.instances.select(columns).to_pandas(),
            hide_index=True,
            column_config={
                "source_line": st.column_config.NumberColumn("line"),
                "instruction": st.column_config.TextColumn(width=330),
                "input": st.column_config.TextColumn(width=300),
                "response": st.column_config.TextColumn(width=480),
            },
        )
    if preview.bad_rows:
        st.caption("Among the first rows, these cannot be used:")
        st.table([{"line": row.line, "reason": row.reason} for row in preview.bad_rows[:5]])
    with st.expander("The first rows as they stand in the file"):
        st.code("\n".join(preview.first_rows), language="json", wrap_lines=True)


def _name_and_add(
    library: Library, source: Path | str, preview: DatasetPreview
) -> DatasetEntry | None:
    suggested = library.dataset_at(str(source)).name
    shipped = library.datasets.get(suggested)
    said = shipped.licence if shipped and shipped.licence else "as its source states it"
    with st.form("add_dataset", border=False):
        left, middle, right = st.columns(3)
        name = left.text_input("Name", suggested, key=f"dataset_name-{source}").strip()
        licence = middle.text_input("Licence", placeholder=said).strip()
        note = right.text_input("Note").strip()
        sent = st.form_submit_button(
            "Add and index it", type="primary", disabled=preview.format is None
        )
    if not sent:
        return None
    if not name:
        raise InputError("The dataset has no name: give it one, to find it by.")
    known = library.datasets.get(name)
    if known is not None and known.path is not None:
        raise InputError(
            f"There is a dataset named {name!r} already, at {known.path}: choose another name, or "
            "remove that one first."
        )
    entry = DatasetEntry(
        name=name,
        path=source if isinstance(source, Path) else None,
        hub=source if isinstance(source, str) else "",
        format=preview.format if preview.format is not DatasetFormat.MAPPED else None,
        mapping=preview.mapping.as_dict() if preview.format is DatasetFormat.MAPPED else {},
        licence=licence,
        note=note,
    )
    add_dataset(entry)
    return entry
