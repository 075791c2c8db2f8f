"""Read a dataset as a whole or in batches."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from itlim.datasets.conventions import Convention
from itlim.datasets.instances import MAX_BATCH_CHARACTERS, MAX_BATCH_ROWS, BatchBuilder
from itlim.datasets.reporting import ReportBuilder
from itlim.datasets.row_reader import RowReader
from itlim.datasets.rows import SourceRow
from itlim.datasets.sample import Sample, no_usable_row, read_sample
from itlim.datasets.sources import open_rows
from itlim.errors import CancelledError
from itlim.progress import Cancelled, Progress
from itlim.records import BadRow, DatasetFormat, FileKind, InstancesRead, ReadingReport
from itlim.schema import INSTANCES
from itlim.text.messages import plural

MAX_BAD_ROWS_KEPT = 10_000
"""Further bad rows are only counted, which limits the memory for them."""
_ROWS_BETWEEN_REPORTS = 256
_NO_LINES = {FileKind.PARQUET, FileKind.ARROW}


def read_dataset(
    source: str | Path,
    name: str,
    *,
    format: DatasetFormat | str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> InstancesRead:
    """Read a whole dataset into one table; arguments and errors as in `open_dataset`."""
    reader = open_dataset(source, name, format=format, mapping=mapping, progress=progress)
    batches = list(reader.batches(progress=progress, cancelled=cancelled))
    return InstancesRead(
        table=pa.Table.from_batches(batches, schema=INSTANCES),
        format=reader.format,
        mapping=reader.mapping,
        bad_rows=tuple(reader.bad_rows),
        n_bad_rows=reader.n_bad_rows,
        report=reader.report,
    )


def open_dataset(
    source: str | Path,
    name: str,
    *,
    format: DatasetFormat | str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> "DatasetReader":
    """Detect the format from a dataset's first rows and prepare to stream all rows.

    Args:
        source: a file (JSON, JSONL, CSV, TSV, plain or gzipped, or Parquet), a folder, or a
            hub id: `owner/name`, `owner/name:split` or `owner/name:file`.
        name: the dataset's name in instance ids.
        format: format of the rows; detected if None.
        mapping: columns for `instruction`, `input`, `response`, `conversation`, `system` or
            `history`, for instance `{"instruction": "prompt", "response": "completion"}`;
            overrides the format's columns.
        progress: called with the progress of downloads.

    Raises:
        DatasetError: the source does not exist, is not a dataset or not UTF-8, or no format fits.
    """
    sample = read_sample(source, progress)
    return DatasetReader(sample, name, sample.convention(format, mapping))


class DatasetReader:
    """A dataset with a known format, which can be streamed any number of times."""

    def __init__(self, sample: Sample, name: str, convention: Convention) -> None:
        self.source = sample.source
        self.name = name
        self.files = sample.files
        self.format = convention.format
        self.mapping = convention.mapping
        self.reasons = convention.reasons
        self._convention = convention
        self._not_read = sample.files_not_read
        self._report_builder = ReportBuilder(convention.mapping)
        self.bad_rows: list[BadRow] = []
        """The first MAX_BAD_ROWS_KEPT bad rows of the last pass."""
        self.n_bad_rows = 0
        self.n_instances = 0

    @property
    def report(self) -> ReadingReport:
        """What became of the rows and columns in the last pass; all zero before the first."""
        names = [file.path.name for file in self.files]
        return self._report_builder.report(names, self._not_read)

    def batches(
        self,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
        max_rows: int = MAX_BATCH_ROWS,
        max_characters: int = MAX_BATCH_CHARACTERS,
    ) -> Iterator[pa.RecordBatch]:
        """All instances in order, as `schema.INSTANCES` batches of a few megabytes.

        Args:
            progress: called with a fraction in [0, 1] and a description of the current step.
            cancelled: called every few hundred rows; returns True to stop.
            max_rows: number of rows at which a batch is full.
            max_characters: number of characters at which a batch is full.

        Raises:
            DatasetError: the file is cut off, is not UTF-8, or has no usable row.
            CancelledError: `cancelled` returned True.
        """
        self.bad_rows, self.n_bad_rows, self.n_instances = [], 0, 0
        self._report_builder = ReportBuilder(self.mapping)
        reader = RowReader(self._convention)
        builder = BatchBuilder(self.name, max_rows=max_rows, max_characters=max_characters)
        number = 0
        for file, row in self._rows(progress, cancelled):
            reading = reader.read(row, file)
            before = self.n_instances
            for outcome in reading.outcomes:
                number += 1
                if fault := builder.add(number, row.line, outcome):
                    self._leave_out(BadRow(line=row.line, reason=fault, file=file))
                else:
                    self.n_instances += 1
                if builder.is_full:
                    yield builder.take()
            self._report_builder.add_row(row.value, reading, self.n_instances - before)
        if len(builder):
            yield builder.take()
        if not self.n_instances:
            raise no_usable_row(self.source, self.bad_rows, self.n_bad_rows)
        if progress is not None:
            progress(1.0, f"Read {self.name}: {plural(self.n_instances, 'instance')}")

    def _rows(
        self, progress: Progress | None, cancelled: Cancelled | None
    ) -> Iterator[tuple[str, SourceRow]]:
        """Every row with its file name; the name is empty if the line number alone is unique."""
        n_bytes = sum(file.n_bytes for file in self.files) or 1
        bytes_before = rows_before = 0
        for file in self.files:
            name = file.path.name if len(self.files) > 1 and file.kind not in _NO_LINES else ""
            with open_rows(file, rows_before) as opened:
                self._report_builder.add_not_read(file.path.name, opened.not_read)
                for row in opened.rows:
                    if rows_before % _ROWS_BETWEEN_REPORTS == 0:
                        if cancelled is not None and cancelled():
                            raise CancelledError(f"Reading {self.source} was canceled.")
                        if progress is not None:
                            done = (bytes_before + opened.fraction() * file.n_bytes) / n_bytes
                            count = plural(self.n_instances, "instance")
                            progress(done, f"Reading {self.name}: {count}")
                    rows_before += 1
                    yield name, row
            bytes_before += file.n_bytes

    def _leave_out(self, bad: BadRow) -> None:
        self.n_bad_rows += 1
        self._report_builder.add_left_out(bad)
        if len(self.bad_rows) < MAX_BAD_ROWS_KEPT:
            self.bad_rows.append(bad)
