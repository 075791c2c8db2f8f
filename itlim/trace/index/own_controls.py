"""Fit the chance baseline of an existing index to answers that the user gives.

The reference that ships with itlim has one writer. Answers of the user's own base model, or of
models tuned on other data, to prompts like those to be traced make a closer null.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from itlim.errors import IndexFolderError
from itlim.progress import Cancelled, Phases, Progress
from itlim.trace.evidence.null import write_nulls
from itlim.trace.index.folders import locked
from itlim.trace.index.index import TraceIndex, open_index
from itlim.trace.index.manifest import (
    CONTROLS_NULL_FILE,
    IndexMeta,
    checksum_files,
    read_meta,
    write_meta,
)
from itlim.trace.index.null_fit import fit_nulls
from itlim.trace.index.writing import own_texts
from itlim.trace.words.lexical import CANCELLED


def fit_chance(
    index: TraceIndex | str | Path,
    controls: Sequence[tuple[str, str]] | None,
    *,
    source: str = "your control answers",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> TraceIndex:
    """Fit the chance baseline of an index to control answers, or return to the shipped reference.

    Args:
        index: an index or its folder; its words and vectors are not changed.
        controls: instructions and responses of models that were not tuned on the dataset; at
            least 100 sentences of a length are needed. None removes an earlier fit.
        source: description of the controls, shown beside every p-value.
        progress: called with a fraction in [0, 1] and a message.
        cancelled: polled before every span; True stops the fit and changes nothing.

    Returns:
        The index, opened again.

    Raises:
        InputError: too few control answers.
        IndexFolderError: the index cannot be read or written.
        CancelledError: `cancelled` returned True.
    """
    opened = index if isinstance(index, TraceIndex) else open_index(index)
    phases = Phases({"chance": 1.0}, progress, cancelled, when_stopped=CANCELLED)
    nulls = None
    if controls is not None:
        nulls = fit_nulls(
            opened.lexical,
            own_texts(opened.instances),
            controls=controls,
            source=source,
            progress=phases.within("chance"),
            cancelled=phases.cancelled,
        )
    folder = opened.folder
    try:
        with locked(folder, phases):
            # In between, the index has its reference baseline and remains valid.
            _write_without(folder, read_meta(folder))
            if nulls is not None:
                draft = folder / f"{CONTROLS_NULL_FILE}.{os.getpid()}"
                try:
                    write_nulls(draft, nulls)
                    os.replace(draft, folder / CONTROLS_NULL_FILE)
                finally:
                    draft.unlink(missing_ok=True)
                meta = read_meta(folder)
                files = {**meta.files, **checksum_files(folder, [CONTROLS_NULL_FILE])}
                write_meta(folder, replace(meta, files=files))
    except OSError as error:
        raise IndexFolderError(
            f"The index {folder} cannot be written: {error.strerror or error}. Free some disk "
            "space, or check its permissions."
        ) from error
    return open_index(folder)


def _write_without(folder: Path, meta: IndexMeta) -> None:
    """Remove an earlier fit from the index."""
    if CONTROLS_NULL_FILE in meta.files:
        files = {name: facts for name, facts in meta.files.items() if name != CONTROLS_NULL_FILE}
        write_meta(folder, replace(meta, files=files))
    (folder / CONTROLS_NULL_FILE).unlink(missing_ok=True)
