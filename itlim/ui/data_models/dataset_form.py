"""Form that adds a dataset from an allowed folder, an upload or the hub, after a preview."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from itlim.datasets import preview_dataset
from itlim.datasets.choosing import has_data_suffix
from itlim.errors import InputError
from itlim.library import DatasetEntry, Library, add_dataset
from itlim.records import DatasetField, DatasetPreview
from itlim.settings import data_folders, uploads_folder
from itlim.text.messages import plural
from itlim.ui.data_models.reading_report import as_plain_text, show_report
from itlim.ui.shared.plain_text import shown_errors

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


def _source(kind: str) -> Path | str | None:
    if kind == HUB:
        hub_id = st.text_input("Hub id", placeholder="owner/name or owner/name:split")
        return hub_id.strip() or None
    if kind == UPLOAD:
        return _uploaded()
    folders = data_folders()
    typed = st.selectbox(
        "File or folder",
        [str(path) for path in data_files(folders)],
        index=None,
        placeholder="choose a file, or type a path",
        accept_new_options=True,
        help="The app reads files in "
        + ", ".join(f"`{folder}`" for folder in folders)
        + ". To allow other folders, set the environment variable ITLIM_DATA_FOLDERS.",
    )
    return allowed_path(typed, folders) if typed and typed.strip() else None


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


def allowed_path(typed: str, folders: Sequence[Path]) -> Path:
    """Resolve a typed path, following links, and check that it is inside an allowed folder.

    A relative path is searched for in each of the folders.

    Raises:
        InputError: the path is outside the folders or does not exist.
    """
    given = Path(typed.strip()).expanduser()
    inside = next((folder / given for folder in folders if (folder / given).exists()), given)
    path = inside.resolve()
    if not any(path.is_relative_to(folder.resolve()) for folder in folders):
        raise InputError(
            f"{path} is outside the folders that this app may read: "
            f"{', '.join(str(folder) for folder in folders)}. Move the file into one of them, "
            "upload it, or allow its folder with ITLIM_DATA_FOLDERS."
        )
    if not path.exists():
        raise InputError(f"There is no file or folder {path}. Check the path.")
    return path


def _uploaded() -> Path | None:
    """Save the uploaded file under a name that contains its content hash."""
    file = st.file_uploader(
        "JSON, JSONL, CSV, TSV (also gzipped), Parquet or Arrow",
        type=[suffix.removeprefix(".") for suffix in _SUFFIXES],
        max_upload_size=UPLOAD_MEGABYTES,
        key="dataset_upload",
    )
    if file is None:
        return None
    content = file.getvalue()
    name = Path(file.name)
    digest = hashlib.sha256(content).hexdigest()[:12]
    # Of rows.csv.gz, both suffixes say what the file is.
    suffixes = "".join(name.suffixes[-2:]) if name.suffix == ".gz" else name.suffix
    stem = name.name.removesuffix(suffixes)
    path = uploads_folder() / f"{stem[:60]}-{digest}{suffixes}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        draft.write_bytes(content)
        os.replace(draft, path)
    return path


def _preview(source: Path | str) -> DatasetPreview | None:
    """Detect the format and read the first rows, with the visitor's column mapping applied."""
    chosen: dict[str, Any] = st.session_state.setdefault("dataset_mapping", {})
    if chosen.get("source") != str(source):
        chosen = st.session_state.dataset_mapping = {"source": str(source), "mapping": {}}
    bar = st.empty()

    def report(fraction: float, message: str) -> None:
        bar.progress(min(1.0, fraction), text=message)

    preview = preview_dataset(source, mapping=chosen["mapping"] or None, report=report)
    bar.empty()
    mapping = _column_choice(preview)
    is_complete = "conversation" in mapping or {"instruction", "response"} <= mapping.keys()
    if is_complete and mapping != preview.mapping.as_dict():
        chosen["mapping"] = mapping
        preview = preview_dataset(source, mapping=mapping)
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
            f"{size}, no known format: {as_plain_text(' '.join(preview.reasons))} Map the columns "
            "above.",
            icon=":material/extension:",
        )
    else:
        name = str(preview.format).replace("_", "/")
        reasons = as_plain_text(" ".join(preview.reasons))
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
        st.table([{"line": row.line, "reason": row.reason} for row in preview.bad_rows[:5]])
    with st.expander("First rows of the file, unparsed"):
        st.code("\n".join(preview.first_rows), language="json", wrap_lines=True)


def _name_and_add(
    library: Library, source: Path | str, preview: DatasetPreview
) -> DatasetEntry | None:
    suggested = library.dataset_at(str(source)).name
    shipped = library.datasets.get(suggested)
    license_hint = shipped.licence if shipped and shipped.licence else "as stated by its source"
    with st.form("add_dataset", border=False):
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
        hub=source if isinstance(source, str) else "",
        # A detected format is detected again, so that rows of other formats are read as well.
        mapping=st.session_state.dataset_mapping["mapping"],
        licence=license_name,
        note=note,
    )
    add_dataset(entry)
    return entry
