"""Annotations out and in, and the database to a safe place, all while the app is running."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from itlim.annotation.exchange import (
    SUFFIXES,
    ExchangeFormat,
    unsupported_fields,
    write_annotations,
)
from itlim.annotation.transfer import import_annotations, rows_of_study
from itlim.records import Study
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.services import shown_errors

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
        left, right = st.columns([3, 2], gap="large")
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
    _what_is_lost()


def _what_is_lost() -> None:
    """What a format cannot hold, before anybody chooses one."""
    whole = [TITLES[format] for format in ExchangeFormat if not unsupported_fields(format)]
    partial = [format for format in ExchangeFormat if unsupported_fields(format)]
    lost = dict.fromkeys(what for format in partial for what in unsupported_fields(format))
    st.caption(f"{' and '.join(whole)} hold everything. In the others this is lost:")
    st.table(
        pd.DataFrame(
            {
                TITLES[format]: [
                    "lost" if what in unsupported_fields(format) else "" for what in lost
                ]
                for format in partial
            },
            index=[what[0].upper() + what[1:] for what in lost],
        )
    )


def _file(study: Study, format: ExchangeFormat) -> Callable[[], bytes]:
    return lambda: write_annotations(rows_of_study(services.store(), study.study_id), format)


def _import(study: Study, person: str) -> None:
    st.caption("What does not match its text is refused, with its row; the rest is taken in.")
    format = st.selectbox("Format", list(ExchangeFormat), format_func=TITLES.__getitem__)
    file = st.file_uploader("File", type=sorted({s[1:] for s in SUFFIXES.values()}))
    if file is None or format is None or not st.button("Import into this study", type="primary"):
        return
    result = import_annotations(
        services.store(), study.study_id, file.getvalue(), format, by=person
    )
    st.success(f"{result.n_rows} sheets taken in, {result.n_items} new responses.", icon="📥")
    for refusal in result.refused:
        st.warning(f"Row {refusal.row_number} was refused: {refusal.reason}", icon="⚠️")
    for note in result.notes:
        st.caption(note)
