"""Annotations out and in, and the database to a safe place, all while the app is running."""

from collections.abc import Callable

import streamlit as st

from itlim.annotation.exchange import SUFFIXES, ExchangeFormat, lost_in, write_annotations
from itlim.annotation.transfer import rows_of_study, take_in
from itlim.records import Study
from itlim.ui import services
from itlim.ui.export_buttons import Format, export_buttons
from itlim.ui.services import shown_errors

TITLES = {
    ExchangeFormat.ITLIM_JSONL: "itlim JSONL",
    ExchangeFormat.PARQUET: "Parquet",
    ExchangeFormat.CSV: "CSV",
    ExchangeFormat.LABEL_STUDIO: "Label Studio",
    ExchangeFormat.DOCCANO: "doccano",
}


def exchange_panel(study: Study, person: str) -> None:
    """Export buttons with what each format loses, and an import with what was refused."""
    with shown_errors():
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**Export**")
            _export(study)
        with right:
            st.markdown("**Import**")
            _import(study, person)


def _export(study: Study) -> None:
    with st.container(horizontal=True):
        export_buttons(
            [
                Format(TITLES[format], SUFFIXES[format][1:], "application/octet-stream", made)
                for format, made in ((one, _file(study, one)) for one in ExchangeFormat)
            ],
            stem=f"itlim-{study.study_id}",
            key="export-annotations",
        )
    for format in ExchangeFormat:
        lost = lost_in(format)
        if lost:
            st.caption(f"{TITLES[format]} cannot hold {'; '.join(lost)}.")


def _file(study: Study, format: ExchangeFormat) -> Callable[[], bytes]:
    return lambda: write_annotations(rows_of_study(services.store(), study.study_id), format)


def _import(study: Study, person: str) -> None:
    format = st.selectbox("Format", list(ExchangeFormat), format_func=TITLES.__getitem__)
    file = st.file_uploader("File", type=sorted({s[1:] for s in SUFFIXES.values()}))
    if file is None or format is None or not st.button("Import into this study", type="primary"):
        return
    taken = take_in(services.store(), study.study_id, file.getvalue(), format, by=person)
    st.success(f"{taken.n_rows} sheets taken in, {taken.n_items} new responses.", icon="📥")
    for refusal in taken.refused:
        st.warning(f"Row {refusal.row_number} was refused: {refusal.reason}", icon="⚠️")
    for note in taken.notes:
        st.caption(note)
