"""Export and import of annotations while the app is running."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from itlim.annotation.exchange import (
    SUFFIXES,
    ExchangeFormat,
    fields_not_read,
    unsupported_fields,
    write_annotations,
)
from itlim.annotation.transfer import ImportResult, import_annotations, rows_of_study
from itlim.records import Study
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.plain_text import plain_line, shown_errors
from itlim.ui.shared.public import Action, is_refused, limited
from itlim.ui.shared.uploads import upload_fields

TITLES = {
    ExchangeFormat.ITLIM_JSONL: "itlim JSONL",
    ExchangeFormat.PARQUET: "Parquet",
    ExchangeFormat.CSV: "CSV",
    ExchangeFormat.LABEL_STUDIO: "Label Studio",
    ExchangeFormat.DOCCANO: "doccano",
}


def exchange_panel(study: Study, person: str) -> None:
    """Draw an export with what each format loses, and an import that lists rejected rows."""
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
                Format(TITLES[format], file_suffix(format), "application/octet-stream", made)
                for format, made in ((one, _file(study, one)) for one in ExchangeFormat)
            ],
            stem=f"itlim-{study.study_id}",
            key="export-annotations",
        )
    _unsupported_table()


def file_suffix(format: ExchangeFormat) -> str:
    """The end of a file's name; different for every format, so that no export replaces another.

    >>> file_suffix(ExchangeFormat.DOCCANO), file_suffix(ExchangeFormat.ITLIM_JSONL)
    ('doccano.jsonl', 'itlim.jsonl')
    """
    suffix = SUFFIXES[format][1:]
    program = str(format).removesuffix(f"-{suffix}")
    return suffix if program == suffix else f"{program}.{suffix}"


def _unsupported_table() -> None:
    """Draw a table of what each format does not contain, shown before one is chosen."""
    whole = [TITLES[format] for format in ExchangeFormat if not unsupported_fields(format)]
    partial = [format for format in ExchangeFormat if unsupported_fields(format)]
    lost = dict.fromkeys(what for format in partial for what in unsupported_fields(format))
    st.caption(f"{' and '.join(whole)} contain everything. The other formats lose:")
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
    if is_refused(Action.UPLOADS):
        return
    st.caption("Rows that do not match their text are rejected and listed; the rest are imported.")
    format = st.selectbox("Format", list(ExchangeFormat), format_func=TITLES.__getitem__)
    if format is not None and (lost := fields_not_read(format)):
        st.caption(f"Not imported from {TITLES[format]}: {'; '.join(lost)}.")
    files = upload_fields(
        "Files, for instance one per annotator",
        sorted({suffix[1:] for suffix in SUFFIXES.values()}),
        key=f"import-annotations-{study.study_id}",
    )
    annotator = limited(
        st.text_input,
        "Annotator",
        help="Used for rows that do not name an annotator. If empty, a user name in the file, or "
        "the name of the file, is used.",
    )
    if not files or format is None:
        return
    if st.button("Import into this study", type="primary"):
        for file in files:
            result = import_annotations(
                services.store(),
                study.study_id,
                file.getvalue(),
                format,
                by=person,
                annotator=annotator.strip(),
                file_name=file.name,
            )
            _show_result(file.name, result)


def _show_result(name: str, result: ImportResult) -> None:
    imported, *rejections = result.lines()
    with st.container(border=True):
        plain_line(f"{name}: {imported}")
        for line in (*rejections, *result.notes):
            plain_line(line[0].upper() + line[1:])
