"""Read any dataset: all of it, in batches, or a first look."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import pyarrow as pa

from itlim.datasets.conventions import Convention, find_convention, flat_fields
from itlim.datasets.conversations import conversation_turns
from itlim.datasets.instances import BatchBuilder, Fields
from itlim.datasets.rows import SourceRow
from itlim.datasets.sources import DataFile, find_files, open_rows
from itlim.errors import CancelledError, DatasetError
from itlim.records import BadRow, DatasetFormat, DatasetPreview, InstancesRead
from itlim.schema import INSTANCES

Progress = Callable[[float, str], None]
Cancelled = Callable[[], bool]

MAX_BAD_ROWS_KEPT = 10_000
"""Further ones are counted only: a report, not a second dataset."""
_ROWS_LOOKED_AT = 20
_ROWS_TRIED = 1000
_ROWS_BETWEEN_REPORTS = 256


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
    reader = open_dataset(source, name, format=format, mapping=mapping)
    batches = list(reader.batches(progress=progress, cancelled=cancelled))
    return InstancesRead(
        table=pa.Table.from_batches(batches, schema=INSTANCES),
        format=reader.format,
        mapping=reader.mapping,
        bad_rows=tuple(reader.bad_rows),
        n_bad_rows=reader.n_bad_rows,
    )


def open_dataset(
    source: str | Path,
    name: str,
    *,
    format: DatasetFormat | str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> "DatasetReader":
    """Look at a dataset's first rows and get ready to stream all of them.

    Args:
        source: a file (JSON, JSONL, CSV, TSV, Parquet; gzipped or not), a folder, or a hub
            id `owner/name`, `owner/name:split`.
        name: the dataset's name in instance ids.
        format: what the rows are, if they are not to be recognised.
        mapping: columns for `instruction`, `input`, `response` or `conversation`, for instance
            `{"instruction": "prompt", "response": "completion"}`; win over the format's.

    Raises:
        DatasetError: nothing there, no dataset, not UTF-8, or no format fits.
    """
    files = find_files(source)
    sample = _sample(files)
    objects = [row.value for row in sample if isinstance(row.value, dict)][:_ROWS_LOOKED_AT]
    if not objects:
        raise no_usable_row(str(source), [BadRow(line=r.line, reason=_fault(r)) for r in sample])
    convention = find_convention(objects, _format(format), mapping, str(source))
    return DatasetReader(str(source), name, files, convention)


def preview_dataset(
    source: str | Path,
    *,
    format: DatasetFormat | str | None = None,
    mapping: Mapping[str, str] | None = None,
    rows: int = 5,
) -> DatasetPreview:
    """What a dataset seems to be, with its first instances, for a person to check.

    Args and errors as in `open_dataset`; `rows` is how many instances are shown at most.
    """
    raise NotImplementedError


class DatasetReader:
    """A dataset whose format is known, to be streamed as often as needed."""

    def __init__(
        self, source: str, name: str, files: tuple[DataFile, ...], convention: Convention
    ) -> None:
        self.source = source
        self.name = name
        self.files = files
        self.format = convention.format
        self.mapping = convention.mapping
        self.reasons = convention.reasons
        self.bad_rows: list[BadRow] = []
        """Of the last pass, the first MAX_BAD_ROWS_KEPT."""
        self.n_bad_rows = 0
        self.n_instances = 0

    def batches(
        self, *, progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> Iterator[pa.RecordBatch]:
        """All instances in order, as `schema.INSTANCES` batches of a few megabytes.

        Args:
            progress: called with a fraction in [0, 1] and what is being done.
            cancelled: asked every few hundred rows whether to stop.

        Raises:
            DatasetError: the file breaks off, is no UTF-8, or has no usable row.
            CancelledError: `cancelled` said so.
        """
        self.bad_rows, self.n_bad_rows, self.n_instances = [], 0, 0
        builder = BatchBuilder(self.name)
        number = 0
        for row in self._rows(progress, cancelled):
            for outcome in self._outcomes(row):
                number += 1
                fault = self._added(builder, number, row.line, outcome)
                if fault:
                    self._report(row.line, fault)
                if builder.is_full:
                    yield builder.take()
        if len(builder):
            yield builder.take()
        if not self.n_instances:
            raise no_usable_row(self.source, self.bad_rows, self.n_bad_rows)

    def _rows(self, progress: Progress | None, cancelled: Cancelled | None) -> Iterator[SourceRow]:
        for index, file in enumerate(self.files):
            with open_rows(file) as opened:
                for count, row in enumerate(opened.rows):
                    if count % _ROWS_BETWEEN_REPORTS == 0:
                        if cancelled is not None and cancelled():
                            raise CancelledError(f"Reading {self.source} was stopped.")
                        if progress is not None:
                            done = (index + opened.fraction()) / len(self.files)
                            progress(done, f"Reading {self.name}: {self.n_instances:,} instances")
                    yield row

    def _outcomes(self, row: SourceRow) -> Iterator[Fields | str]:
        """The instances of a row, or the reason why there is none."""
        fault = _fault(row)
        if fault:
            yield fault
        elif self.mapping.conversation is None:
            yield flat_fields(row.value, self.mapping)
        else:
            for turn in conversation_turns(row.value, self.mapping):
                yield turn.fields if turn.fields is not None else turn.fault

    def _added(self, builder: BatchBuilder, number: int, line: int, outcome: Fields | str) -> str:
        """Add an instance; why it could not be, otherwise."""
        if isinstance(outcome, str):
            return outcome
        try:
            builder.add(number, line, outcome)
        except UnicodeEncodeError:
            return "holds half a surrogate pair (such as \\ud800), which is no character"
        self.n_instances += 1
        return ""

    def _report(self, line: int, reason: str) -> None:
        self.n_bad_rows += 1
        if len(self.bad_rows) < MAX_BAD_ROWS_KEPT:
            self.bad_rows.append(BadRow(line=line, reason=reason))


def no_usable_row(source: str, bad_rows: list[BadRow], count: int | None = None) -> DatasetError:
    """The error for a dataset that has none, with the first reason."""
    first = f" The first: line {bad_rows[0].line}, {bad_rows[0].reason}." if bad_rows else ""
    return DatasetError(
        f"{source} has no usable row among {len(bad_rows) if count is None else count}: expected "
        f"objects with an instruction and a response, or conversations.{first}"
    )


def _fault(row: SourceRow) -> str:
    if row.fault:
        return row.fault
    if not isinstance(row.value, dict):
        return f"a {type(row.value).__name__}, expected an object"
    return ""


def _sample(files: tuple[DataFile, ...]) -> list[SourceRow]:
    """The first rows, until enough of them are objects."""
    sample: list[SourceRow] = []
    objects = 0
    with open_rows(files[0]) as opened:
        for row in islice(opened.rows, _ROWS_TRIED):
            sample.append(row)
            objects += isinstance(row.value, dict)
            if objects == _ROWS_LOOKED_AT:
                break
    return sample


def _format(format: DatasetFormat | str | None) -> DatasetFormat | None:
    if format is None:
        return None
    try:
        return DatasetFormat(format)
    except ValueError as error:
        raise DatasetError(
            f"Unknown dataset format {format!r}: expected one of {', '.join(DatasetFormat)}. "
            "Whether a file is JSON, CSV or Parquet is found from its content."
        ) from error
