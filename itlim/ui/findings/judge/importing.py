"""Import a file of ratings: that of `itlim judge`, or published ones."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from itlim.errors import ItlimError
from itlim.store.ratings import answers_by_instruction, n_not_stored, save_ratings
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption, show_error
from itlim.ui.shared.uploads import upload_field, write_upload

SUFFIXES = ["parquet", "jsonl", "ndjson", "json", "csv", "tsv", "arrow", "gz"]
_SHOWN = 5


def import_ratings() -> None:
    """Draw the form; the report of an import is below it."""
    with st.form("import_ratings", border=False):
        file = upload_field(
            "File of ratings",
            SUFFIXES,
            key="ratings_file",
            help="What itlim judge wrote, or rows with judge (or rater), model, instruction, and a "
            "score for each aspect, in columns or in an object named scores. Without response_id, "
            "the answers must be imported first.",
        )
        pressed = st.form_submit_button("Import ratings", key="import_ratings_start")
    plain_caption(
        "On the command line, itlim judge rates stored answers and files of answers, and writes "
        "such a file."
    )
    if pressed and file is None:
        st.info("Choose a file first.", icon=":material/upload_file:")
    elif pressed:
        store_ratings(file)


def store_ratings(file: Any) -> None:
    """Store the ratings of an uploaded file, and draw what became of its rows."""
    from itlim.remedies.rating_files import read_ratings

    with TemporaryDirectory(prefix="itlim-ratings-") as folder:
        path = write_upload(file, Path(folder))
        try:
            found = read_ratings(path, StoredAnswers())
            n = save_ratings(services.store(), found.ratings)
        except ItlimError as error:
            show_error(str(error).replace(f"{path.parent}/", ""))
            return
    n_known = found.ratings.num_rows - n
    st.success(
        as_markdown(f"{path.name}: {imported(n, n_known, found.judges)}"),
        icon=":material/check_circle:",
    )
    n_unknown = n_not_stored(services.store(), found.ratings["run_id"].to_pylist())
    if n_unknown:
        plain_caption(
            f"{plural(n_unknown, 'rating')} of answers that are not stored: import the answers to "
            "see them (Data & models, Stored runs)."
        )
    show_rejected(found.rejected)


def show_rejected(rejected: Sequence[tuple[int, str]]) -> None:
    """Draw how many rows were rejected, and the first ones with line and reason."""
    if rejected:
        plain_caption(f"{plural(len(rejected), 'row')} rejected:")
    for line, reason in rejected[:_SHOWN]:
        plain_caption(f"Line {line:,}: {reason}.")
    if len(rejected) > _SHOWN:
        plain_caption(f"… and {len(rejected) - _SHOWN:,} more.")


def imported(n_new: int, n_known: int, judges: Sequence[str]) -> str:
    """What was imported, in a sentence.

    >>> imported(1, 2, ["gpt-4"])
    '1 new rating by gpt-4, 2 known already.'
    """
    by = f" by {', '.join(judges)}" if judges else ""
    known = f", {n_known:,} known already" if n_known else ""
    return f"{plural(n_new, 'new rating')}{by}{known}."


class StoredAnswers:
    """Finds stored answers by model and instruction; each model's are read once."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, list[str]]] = {}

    def __call__(self, model: str, instruction: str) -> list[str]:
        if model not in self._known:
            self._known[model] = answers_by_instruction(services.store(), model)
        return self._known[model].get(instruction.strip(), [])
