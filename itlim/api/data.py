"""Read an instruction-tuning dataset and learn what became of its rows and columns."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from itlim.library import load_library
from itlim.progress import Cancelled, Progress
from itlim.records import DatasetFormat, InstancesRead


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
