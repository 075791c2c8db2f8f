"""Read an instruction-tuning dataset and learn what became of its rows and columns."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.library import load_library
from itlim.progress import Cancelled, Progress
from itlim.records import DatasetFormat, InstancesRead

if TYPE_CHECKING:
    from itlim.datasets.responses import ResponsesRead


def read_dataset(
    dataset: str | Path,
    *,
    format: DatasetFormat | str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> InstancesRead:
    """Read a dataset as indexing and training do.

    Args:
        dataset: name in the library, file, folder or hub id.
        format: format of the rows; detected if None and the library does not state it.
        mapping: columns for `instruction`, `input`, `response`, `conversation`, `system` or
            `history`; detected if None and the library does not state them.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: called every few hundred rows; returns True to stop.

    Returns:
        The instances as `table`, and as `report` the rows used, the rows left out by reason and
        the columns not used.

    Raises:
        DatasetError: the dataset cannot be read, or has no usable row.
        CancelledError: `cancelled` returned True.
    """
    from itlim.datasets import read_dataset as read

    entry = load_library().dataset_at(str(dataset))
    if format is not None or mapping:
        entry = replace(entry, format=None, mapping=mapping or {})
    return read(
        entry.located(),
        entry.name,
        format=format or entry.format,
        mapping=entry.mapping or None,
        progress=progress,
        cancelled=cancelled,
    )


def read_responses(
    path: str | Path, *, model: str = "", questions: str | Path | None = None
) -> "ResponsesRead":
    """Read a file of answers that were generated elsewhere; `save_run` stores each of its `runs`.

    Args:
        path: rows with instruction and output in any layout of datasets, or MT-bench answers.
        model: name of the model that answered; if empty, each row must name its own.
        questions: file of the questions of MT-bench answers.

    Returns:
        The answers as `runs`, which have no token measures, and what became of the rows.

    Raises:
        InputError: the file does not exist, or no row names a model.
        DatasetError: the file cannot be read, or has no usable row.
    """
    from itlim.datasets.responses import read_responses as read

    return read(path, imported_at=datetime.now(UTC), model=model, questions=questions)
