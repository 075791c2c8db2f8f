"""Panel of the Data & models page: which dataset was the model of a set of responses tuned on?"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from itlim.charts.provenance import provenance_intervals
from itlim.library import Library
from itlim.records import Provenance
from itlim.settings import is_public
from itlim.store.answers import answer_counts
from itlim.text.csv_cells import csv_table
from itlim.ui.data_models.provenance_work import ProvenanceWork, stored_answers, uploaded_answers
from itlim.ui.shared import services
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.plain_text import plain_caption, show_error, show_note, shown_errors
from itlim.ui.shared.public import Action, begin, is_refused
from itlim.ui.shared.tracing.indexes import index_state
from itlim.ui.shared.uploads import upload_field, upload_fields
from itlim.ui.shared.work_progress import work_progress

if TYPE_CHECKING:
    from itlim.trace import TraceIndex
    from itlim.trace.provenance.answers import AnswerSet

TITLE = "Which dataset was this model tuned on?"
STORED, UPLOAD = "Stored answers of a pair", "Upload"
_SUFFIXES = ["json", "jsonl", "ndjson", "csv", "tsv", "parquet", "arrow", "gz"]
_WORK = "provenance_work"


def provenance_panel(library: Library) -> None:
    """Draw the form, the running comparison and the last result."""
    with st.expander(TITLE, key="which-dataset", bind="query-params"):
        st.caption(
            "Compares a model's answers with your indexed datasets: which of them do the answers "
            "repeat more often than those of other models to the same instructions do? Control "
            "answers come from models that were not tuned on the datasets."
        )
        indexes = _datasets(library)
        responses = _responses(library)
        controls = _controls(library)
        running: ProvenanceWork | None = st.session_state.get(_WORK)
        busy = running is not None and not running.done
        pressed = st.button(
            "Compare with the datasets",
            type="primary",
            disabled=busy or responses is None or not indexes,
            key="provenance_start",
        )
        if pressed and responses is not None:
            with shown_errors():
                running = begin(ProvenanceWork(indexes, responses, controls))
                st.session_state[_WORK] = running
        if running is not None:
            _show(running)


def _datasets(library: Library) -> "list[TraceIndex]":
    """Let the visitor choose among the datasets that have an index."""
    found = {
        entry.name: state.index
        for entry in library.datasets.values()
        if (state := index_state(entry)).index is not None
    }
    if not found:
        st.info(
            "No dataset has an index yet. Build one above; a words-only index is enough.",
            icon=":material/folder_open:",
        )
        return []
    names = st.multiselect(
        "Candidate datasets",
        list(found),
        default=list(found),
        key="provenance_datasets",
        help="Datasets with an index; embeddings are not needed.",
    )
    return [index for name, index in found.items() if name in names and index is not None]


def _responses(library: Library) -> "Callable[[], AnswerSet] | None":
    kinds = [STORED] if is_public() else [STORED, UPLOAD]
    kind = st.segmented_control(
        "Responses", kinds, default=STORED, required=True, key="provenance_from"
    )
    if kind == STORED:
        pair = st.selectbox("Pair", _answering(library), key="provenance_pair")
        return stored_answers(services.store(), pair) if pair else None
    file = upload_field(
        "Responses: a file with instruction and output", _SUFFIXES, key="provenance_file"
    )
    return uploaded_answers(file) if file is not None else None


def _answering(library: Library) -> list[str]:
    """The library's pairs, and models whose answers were imported."""
    return list(dict.fromkeys([*library.pairs, *answer_counts(services.store())]))


def _controls(library: Library) -> "list[Callable[[], AnswerSet]]":
    pairs = st.multiselect(
        "Control pairs",
        _answering(library),
        key="provenance_control_pairs",
        placeholder="pairs whose tuned models answered the same instructions",
    )
    store = services.store()
    if is_refused(Action.UPLOADS):
        return [stored_answers(store, pair) for pair in pairs]
    files = upload_fields(
        "Control answers: one file per model, with the same instructions",
        _SUFFIXES,
        key="provenance_control_files",
    )
    return [
        *(stored_answers(store, pair) for pair in pairs),
        *(uploaded_answers(file) for file in files),
    ]


def _show(work: ProvenanceWork) -> None:
    if not work.done:
        work_progress(work, key="provenance_cancel")
    elif work.was_cancelled:
        st.info("The comparison was canceled.", icon=":material/pan_tool:")
    elif work.error is not None:
        show_error(work.error)
    elif work.result is not None:
        show_result(work.result)


def show_result(found: Provenance) -> None:
    """Draw a result: its sentence, a table, the intervals, and files to download."""
    first = found.datasets[0]
    icon = ":material/search:" if first.p is not None else ":material/help:"
    show_note(found.conclusion, icon=icon)
    table = pd.DataFrame(list(found.document()["datasets"]))
    shown = table.drop(columns="explanation")
    for name in ("share", "controls_share", "difference", "ci_low", "ci_high"):
        shown[name] = 100 * shown[name].astype(float)
    percent = st.column_config.NumberColumn(format="%.1f %%")
    points = st.column_config.NumberColumn(format="%+.1f")
    st.dataframe(
        shown,
        hide_index=True,
        key="provenance_table",
        column_config={
            "share": percent,
            "controls_share": percent,
            "difference": points,
            "ci_low": points,
            "ci_high": points,
            "p": st.column_config.NumberColumn(format="%.2g"),
            "m_minus_decoy": st.column_config.NumberColumn("M − decoy", format="%+.3f"),
            "m_minus_decoy_controls": st.column_config.NumberColumn(
                "M − decoy, controls", format="%+.3f"
            ),
        },
    )
    if first.difference is not None:
        show_figure(
            provenance_intervals(found.datasets, theme=services.theme()),
            key="provenance_chart",
        )
    for one in found.datasets:
        plain_caption(one.explanation)
    for note in found.notes:
        plain_caption(f"Note: {note}")
    with st.container(horizontal=True):
        document = json.dumps(found.document(), ensure_ascii=False, indent=1)
        st.download_button("JSON", document, "provenance.json", "application/json")
        st.download_button("CSV", csv_table(table), "provenance.csv", "text/csv")
