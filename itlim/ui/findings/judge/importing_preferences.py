"""Import a file of published preferences, such as AlpacaEval's."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from itlim.errors import ItlimError
from itlim.store.ratings import save_preferences
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.findings.judge.importing import SUFFIXES, StoredAnswers, show_rejected
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import show_error
from itlim.ui.shared.public import Action, is_refused
from itlim.ui.shared.uploads import upload_field, write_upload


def import_preferences() -> None:
    """Draw the form in an expander; the report of an import is below it."""
    with st.expander(
        "Import published preferences",
        icon=":material/upload_file:",
        key="import-preferences",
        bind="query-params",
    ):
        if is_refused(Action.JUDGE):
            return
        with st.form("import_preferences", border=False):
            file = upload_field(
                "File of preferences",
                SUFFIXES,
                key="preferences_file",
                help="Rows with output_1_model and output_2_model (or generator_1 and _2), and "
                "preference: 1, 2, or 0 or 1.5 for a tie; with instruction, or with an id that the "
                "second file has. The answers of both models must be stored under these names.",
            )
            answers = upload_field(
                "File of answers with the same ids, if the rows have no instruction",
                SUFFIXES,
                key="preferences_answers_file",
                help="Rows with id and instruction, such as the answers of one model.",
            )
            pressed = st.form_submit_button("Import preferences", key="import_preferences_start")
        if pressed and file is None:
            st.info("Choose a file first.", icon=":material/upload_file:")
        elif pressed:
            store_preferences(file, answers)


def store_preferences(file: Any, answers: Any = None) -> None:
    """Store the preferences of an uploaded file, and draw what became of its rows.

    Args:
        file: the uploaded preferences.
        answers: an uploaded file with the instruction of each id; None if rows have their own.
    """
    from itlim.remedies.preference_files import read_instructions, read_preferences

    with TemporaryDirectory(prefix="itlim-preferences-") as folder:
        try:
            asked = {}
            if answers is not None:
                asked = read_instructions(write_upload(answers, Path(folder) / "answers"))
            path = write_upload(file, Path(folder))
            found = read_preferences(path, StoredAnswers(), asked=asked)
            save_preferences(services.store(), found.preferences)
        except ItlimError as error:
            show_error(str(error).replace(f"{folder}/", ""))
            return
    models = "; ".join(" and ".join(pair) for pair in found.models)
    of = f" between {models}" if models else ""
    st.success(
        as_markdown(f"{path.name}: {plural(found.preferences.num_rows, 'preference')}{of}."),
        icon=":material/check_circle:",
    )
    show_rejected(found.rejected)
