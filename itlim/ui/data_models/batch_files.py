"""Import the output of `itlim batch`, and export stored runs in the same form."""

from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from itlim.batch.exchange import export_runs, import_output, pack, unpack
from itlim.store.connection import Store
from itlim.store.runs import pairs_with_runs
from itlim.text.messages import plural
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.uploads import upload_field


def batches_form(store: Store) -> None:
    """Draw the import and the export."""
    with st.form("batch_import_form", border=False, enter_to_submit=False):
        file = upload_field(
            "Folder of itlim batch, as a ZIP archive",
            ["zip"],
            megabytes=200,
            key="batch_file",
            help="Its runs, with tags and traced phrases. For large batches, use the command "
            "`itlim runs import FOLDER` while the app is not running.",
        )
        pressed = st.form_submit_button("Import batch", key="batch_import")
    if pressed and file is None:
        st.info("Choose a file first.", icon=":material/upload_file:")
    elif pressed and file is not None:
        with shown_errors():
            st.success(
                f"Imported {plural(_imported(store, file.getvalue()), 'new run')}.",
                icon=":material/check_circle:",
            )
    pairs = st.multiselect(
        "Pairs to export", pairs_with_runs(store), key="batch_pairs", placeholder="All pairs"
    )
    if st.button("Prepare export", key="batch_export"):
        with shown_errors(), TemporaryDirectory(prefix="itlim-batch-") as name:
            folder = Path(name)
            n_runs = export_runs(store, folder / "runs", pairs)
            pack(folder / "runs", folder / "batch.zip")
            st.download_button(
                f"Download {plural(n_runs, 'run')} (ZIP)",
                (folder / "batch.zip").read_bytes(),
                "itlim-runs.zip",
                "application/zip",
                key="batch_download",
            )


def _imported(store: Store, content: bytes) -> int:
    """Store the runs of a packed output; returns the number of new ones."""
    with TemporaryDirectory(prefix="itlim-batch-") as name:
        archive = Path(name) / "batch.zip"
        archive.write_bytes(content)
        unpack(archive, Path(name))
        return import_output(store, Path(name))
