"""Readers that turn instruction-tuning datasets into the INSTANCES table.

`read_dataset` returns one table, `open_dataset` streams batches of files larger than memory, and
`preview_dataset` shows the recognized format and the first rows. File type and format are detected
from the content; the format or a column mapping can also be given.

An instance id is `<dataset>-<1-based row>`. A conversation has one instance per assistant turn, so
the number then counts turns. `source_line` is the line of the file on which the row begins, or the
row number for files without lines (Parquet, Arrow, one JSON object). Rejected rows are counted in
the numbering. A `ReadingReport` says what became of every row and column.
"""

from itlim.datasets.instances import content_sha256
from itlim.datasets.reading import (
    MAX_BAD_ROWS_KEPT,
    DatasetReader,
    open_dataset,
    read_dataset,
)
from itlim.datasets.report_text import report_document, report_lines, report_of
from itlim.datasets.row_reader import READING_VERSION
from itlim.datasets.sample import preview_dataset

__all__ = [
    "MAX_BAD_ROWS_KEPT",
    "READING_VERSION",
    "DatasetReader",
    "content_sha256",
    "open_dataset",
    "preview_dataset",
    "read_dataset",
    "report_document",
    "report_lines",
    "report_of",
]
