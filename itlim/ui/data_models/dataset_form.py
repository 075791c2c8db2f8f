"""Form that adds a dataset from an allowed folder, an upload or the hub, after a preview."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from itlim.datasets import preview_dataset
from itlim.datasets.choosing import has_data_suffix
from itlim.datasets.hub import hub_id
from itlim.errors import InputError
from itlim.library import DatasetEntry, Library, add_dataset
from itlim.records import DatasetField, DatasetPreview, HubSource
from itlim.settings import data_folders, uploads_folder
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.data_models.reading_report import show_report
from itlim.ui.shared.allowed_paths import allowed_path, readable_folders
from itlim.ui.shared.plain_text import plain_table, shown_errors
from itlim.ui.shared.uploads import safe_name, split_name, upload_field, write_content

LOCAL, UPLOAD, HUB = "File on this machine", "Upload", "Hub id"
UPLOAD_MEGABYTES = 200
_SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".feather", ".gz")
_FILES_LISTED = 300
_FIELDS = tuple(str(field) for field in DatasetField)
_NO_COLUMN = "–"


def add_dataset_form(library: Library) -> DatasetEntry | None:
    """Draw the form.

    Returns:
        The dataset that the visitor added in this script run, or None.
    """
    kind = st.segmented_control(
        "Source", [LOCAL, UPLOAD, HUB], default=LOCAL, required=True, key="dataset_from"
    )
    with shown_errors():
        source = _source(kind)
        if not source:
            return None
        preview = _preview(source)
        if preview is not None:
            show_preview(preview)
            return _name_and_add(library, source, preview)
    return None


def _source(kind: str) -> Path | HubSource | None:
    if kind == HUB:
        named = st.text_input("Hub id", placeholder="owner/name or owner/name:split").strip()
        return _hub_source(named) if named else None
    if kind == UPLOAD:
        return _uploaded()
    folders = data_folders()
    path = st.selectbox(
        "File or folder",
        [str(path) for path in data_files(folders)],
        index=None,
        placeholder="choose a file, or type a path",
        accept_new_options=True,
        help=readable_folders(folders),
    )
    return allowed_path(path, folders) if path and path.strip() else None


def _hub_source(typed: str) -> HubSource:
    if hub_id(typed) is None:
        raise InputError(
            f"{typed!r:.80} is not a hub id: expected owner/name, owner/name:split or "
            f"owner/name:file. To open a file or folder, choose “{LOCAL}”."
        )
    return HubSource(typed)


def data_files(folders: Sequence[Path]) -> list[Path]:
    """List files in these folders that may contain a dataset, sorted by name, at most 300."""
    found: list[Path] = []
    for folder in folders:
        for parent, names, files in os.walk(folder):
            # Weights, indexes and stored runs use the same suffixes but are not datasets.
            names[:] = sorted(set(names) - {"models", "runs", "indexes", "facts"})
            paths = (Path(parent, name) for name in sorted(files))
            found += [path for path in paths if has_data_suffix(path.name)]
            if len(found) >= _FILES_LISTED:
                return found[:_FILES_LISTED]
    return found


def _uploaded() -> Path | None:
    """Save the uploaded file under a name that contains its content hash."""
    file = upload_field(
        "JSON, JSONL, CSV, TSV (also gzipped), Parquet or Arrow",
        [suffix.removeprefix(".") for suffix in _SUFFIXES],
        megabytes=UPLOAD_MEGABYTES,
        key="dataset_upload",
    )
    if file is None:
        return None
    content = file.getvalue()
    stem, suffix = split_name(safe_name(file.name))
    digest = hashlib.sha256(content).hexdigest()[:12]
    path = uploads_folder() / f"{stem}-{digest}{suffix}"
    if not path.exists():
        write_content(content, path)
    return path


def _preview(source: Path | HubSource) -> DatasetPreview | None:
    """Detect the format and read the first rows, with the visitor's column mapping applied."""
    chosen: dict[str, Any] = st.session_state.setdefault("dataset_mapping", {})
    if chosen.get("source") != str(source):
        chosen = st.session_state.dataset_mapping = {"source": str(source), "mapping": {}}
    bar = st.empty()

    def report(fraction: float, message: str) -> None:
        bar.progress(min(1.0, fraction), text=as_markdown(message))

    folders = [*data_folders(), uploads_folder()]
    preview = preview_dataset(
        source, mapping=chosen["mapping"] or None, report=report, within=folders
    )
    bar.empty()
    mapping = _column_choice(preview)
    is_complete = "conversation" in mapping or {"instruction", "response"} <= mapping.keys()
    if is_complete and mapping != preview.mapping.as_dict():
        chosen["mapping"] = mapping
        preview = preview_dataset(source, mapping=mapping, within=folders)
    return preview


def _column_choice(preview: DatasetPreview) -> dict[str, str]:
    """Let the visitor map columns to fields; the recognized mapping is the default."""
    found = preview.mapping.as_dict()
    # A known format maps all of its columns, even one that these rows lack, such as the input.
    options = list(dict.fromkeys([_NO_COLUMN, *preview.columns, *found.values()]))
    with st.expander("Columns", expanded=preview.format is None):
        chosen = {}
        places = [*st.columns(len(_FIELDS) // 2), *st.columns(len(_FIELDS) // 2)]
        for place, field in zip(places, _FIELDS, strict=True):
            column = place.selectbox(
                field.capitalize(),
                options,
                index=options.index(found.get(field, _NO_COLUMN)),
                key=f"column-{field}-{hash((preview.source, preview.columns))}",
            )
            if column != _NO_COLUMN:
                chosen[field] = column
    return chosen


def show_preview(preview: DatasetPreview) -> None:
    """Show the recognized format, the first instances, and rows that cannot be used."""
    size = f"{preview.n_bytes / 1e6:.1f} MB of {str(preview.kind).upper()}"
    if preview.format is None:
        st.warning(
            f"{size}, no known format: {as_markdown(' '.join(preview.reasons))} Map the columns "
            "above.",
            icon=":material/extension:",
        )
    else:
        name = str(preview.format).replace("_", "/")
        reasons = as_markdown(" ".join(preview.reasons))
        st.success(f"{size}, read as **{name}**: {reasons}", icon=":material/check_circle:")
    if preview.report is not None:
        show_report(preview.report, f"the first {plural(preview.report.n_rows, 'row')}")
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
        st.caption("Some of the first rows cannot be used:")
        plain_table([{"line": row.line, "reason": row.reason} for row in preview.bad_rows[:5]])
    with st.expander("First rows of the file, unparsed"):
        st.code("\n".join(preview.first_rows), language="json", wrap_lines=True)


def _name_and_add(
    library: Library, source: Path | HubSource, preview: DatasetPreview
) -> DatasetEntry | None:
    suggested = library.dataset_at(str(source)).name
    shipped = library.datasets.get(suggested)
    license_hint = shipped.licence if shipped and shipped.licence else "as stated by its source"
    with st.form("add_dataset", border=False, enter_to_submit=False):
        left, middle, right = st.columns(3)
        name = left.text_input("Name", suggested, key=f"dataset_name-{source}").strip()
        license_name = middle.text_input("License", placeholder=license_hint).strip()
        note = right.text_input("Note").strip()
        submitted = st.form_submit_button(
            "Add and index", type="primary", disabled=preview.format is None
        )
    if not submitted:
        return None
    if not name:
        raise InputError("The name of the dataset is empty: enter one.")
    known = library.datasets.get(name)
    if known is not None and known.path is not None:
        raise InputError(
            f"A dataset named {name!r} already exists at {known.path}: choose another name, or "
            "remove that dataset first."
        )
    entry = DatasetEntry(
        name=name,
        path=source if isinstance(source, Path) else None,
        hub=str(source) if isinstance(source, HubSource) else "",
        # A detected format is detected again, so that rows of other formats are read as well.
        mapping=st.session_state.dataset_mapping["mapping"],
        licence=license_name,
        note=note,
    )
    add_dataset(entry)
    return entry
