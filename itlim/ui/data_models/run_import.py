"""Import runs: exports of itlim, and files of answers, which have no token measures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from itlim.datasets.responses import is_question_file, read_responses
from itlim.errors import ItlimError
from itlim.export import exported_run
from itlim.store.batches import save_tagged
from itlim.store.connection import Store
from itlim.store.runs import save_run
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared.plain_text import plain_caption, show_error
from itlim.ui.shared.uploads import upload_fields, write_upload

SUFFIXES = ["json", "jsonl", "ndjson", "csv", "tsv", "parquet", "arrow", "gz"]


def import_form(store: Store) -> None:
    """Draw the form; the reports of an import are below it."""
    with st.form("import_runs", border=False, enter_to_submit=False):
        files = upload_fields(
            "Runs that itlim exported, or answers: rows with instruction and output",
            SUFFIXES,
            key="import_files",
            help="Answers in any layout of datasets, such as those of alpaca_eval and just-eval. "
            "MT-bench answers need their file of questions: choose both. Answers are stored "
            "without token measures.",
        )
        model = st.text_input(
            "Model that answered",
            key="import_model",
            placeholder="as named in the file",
            help="Needed if the file does not name the model in generator, model_id or model.",
        )
        pressed = st.form_submit_button("Import", key="import_start")
    if pressed and not files:
        st.info("Choose a file first.", icon=":material/upload_file:")
    elif pressed:
        import_files(store, files, model.strip())


def import_files(store: Store, files: Sequence[Any], model: str) -> None:
    """Store the contents of uploaded files, and draw what became of each.

    Args:
        store: the open database.
        files: the uploaded files; one of them may contain the questions of MT-bench.
        model: name of the model that answered; if empty, the files name it.
    """
    now = datetime.now(UTC)
    with _written(files) as paths:
        others = [path for path in paths if not _import_exported(store, path)]
        questions = [path for path in others if _is_question_file(path)]
        for path in others:
            if path not in questions:
                _import_answers(store, path, model, questions[0] if questions else None, now)
        if questions and len(questions) == len(others):
            st.info(
                "These are questions without answers: choose the file of answers as well.",
                icon=":material/help:",
            )
        for path in questions[1:]:
            plain_caption(f"{path.name}: not read, because {questions[0].name} has the questions.")


@contextmanager
def _written(files: Sequence[Any]) -> Iterator[list[Path]]:
    """The uploaded files on disk, each in its own folder, since names may be equal."""
    with TemporaryDirectory(prefix="itlim-runs-") as folder:
        paths = []
        for number, file in enumerate(files):
            place = Path(folder) / str(number)
            place.mkdir()
            paths.append(write_upload(file, place))
        yield paths


def _import_exported(store: Store, path: Path) -> bool:
    """Store a run that itlim exported; returns whether the file contains one."""
    try:
        run = exported_run(path.read_bytes())
        if run is None:
            return False
        save_run(store, run)
    except ItlimError as error:
        show_error(error)
        return True
    _succeed(f"Imported run {run.run_id} from {path.name}.")
    return True


def _is_question_file(path: Path) -> bool:
    try:
        return is_question_file(path)
    except ItlimError:
        return False  # Importing it shows the reason.


def _import_answers(
    store: Store, path: Path, model: str, questions: Path | None, now: datetime
) -> None:
    try:
        read = read_responses(path, imported_at=now, model=model, questions=questions)
    except ItlimError as error:
        # The folder is that of the upload, which the visitor does not know.
        show_error(str(error).replace(f"{path.parent}/", ""))
        return
    new = save_tagged(store, read.runs, read.tags)
    known = len(read.runs) - new
    already = f", {known:,} already stored" if known else ""
    _succeed(
        f"{path.name}: {plural(new, 'new answer')} of {', '.join(read.models)} stored{already}. "
        "No token measures: answers are imported without their models."
    )
    for line in read.lines:
        plain_caption(f"{path.name}: {line}")


def _succeed(text: str) -> None:
    st.success(as_markdown(text), icon=":material/check_circle:")
