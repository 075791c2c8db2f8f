"""Readers that turn instruction-tuning datasets into the INSTANCES table.

`read_dataset` gives one table, `open_dataset` streams batches of a file larger than
memory, `preview_dataset` shows what was recognised. Format and kind of file are found
from the content; a format or a column mapping can be given.

An instance id is `<dataset>-<1-based row>`. A conversation gives one row for each
assistant turn, so there the number counts turns; `source_line` is always the line of
the file on which the row begins, or the row's number where a file has no lines
(Parquet, Arrow). What is left out keeps its number.
"""

from itlim.datasets.instances import content_sha256
from itlim.datasets.reading import (
    MAX_BAD_ROWS_KEPT,
    DatasetReader,
    open_dataset,
    read_dataset,
)
from itlim.datasets.sample import preview_dataset

__all__ = [
    "MAX_BAD_ROWS_KEPT",
    "DatasetReader",
    "content_sha256",
    "open_dataset",
    "preview_dataset",
    "read_dataset",
]
