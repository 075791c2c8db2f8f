"""Preview a dataset: its files, its first rows and their detected format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets.conventions import Convention, UnknownConventionError, find_convention
from itlim.datasets.instances import BatchBuilder, Fields, as_json
from itlim.datasets.json_rows import INVALID_JSON
from itlim.datasets.reporting import ReportBuilder
from itlim.datasets.row_reader import RowReader
from itlim.datasets.rows import SourceRow
from itlim.datasets.sources import DataFile, Source, find_source, open_rows
from itlim.errors import DatasetError
from itlim.progress import Progress
from itlim.records import (
    BadRow,
    ColumnMapping,
    DatasetFormat,
    DatasetPreview,
    ReadingReport,
)
from itlim.schema import INSTANCES

ROWS_SAMPLED = 20
_ROWS_TRIED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The first rows of a dataset."""

    source: str
    files: tuple[DataFile, ...]
    files_not_read: tuple[str, ...]
    parts_not_read: tuple[tuple[str, tuple[str, ...]], ...]
    """Names of the files that were opened, each with its parts that were not read."""
    rows: tuple[SourceRow, ...]
    """All rows up to the ROWS_SAMPLED-th object, including those that are not objects."""

    @property
    def objects(self) -> list[Mapping[str, Any]]:
        """The rows that could be parsed and have columns."""
        return [row.value for row in self.rows if isinstance(row.value, dict)]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of these objects, in order of first occurrence."""
        return tuple(dict.fromkeys(key for row in self.objects for key in row))

    def convention(
        self, format: DatasetFormat | str | None, mapping: Mapping[str, str] | None
    ) -> Convention:
        """Format and mapping for the rows; given ones take precedence over detection.

        Raises:
            DatasetError: no row could be read, or no format or not the given one fits.
        """
        if not self.objects:
            bad = [BadRow(line=row.line, reason=row.problem) for row in self.rows]
            raise no_usable_row(self.source, bad, len(bad))
        return find_convention(self.objects, _format(format), mapping, self.source)


def read_sample(
    source: str | Path,
    report: Progress | None = None,
    *,
    within: Sequence[Path] | None = None,
) -> Sample:
    """Find a dataset's files and read its first rows; `within` is that of `find_source`.

    Raises:
        DatasetError: the source does not exist or cannot be read.
    """
    found = find_source(source, report=report, within=within)
    rows: list[SourceRow] = []
    parts: list[tuple[str, tuple[str, ...]]] = []
    objects = 0
    for file in found.files:
        with open_rows(file, len(rows)) as opened:
            parts.append((file.path.name, opened.not_read))
            for row in islice(opened.rows, _ROWS_TRIED - len(rows)):
                rows.append(row)
                objects += isinstance(row.value, dict)
                if objects == ROWS_SAMPLED:
                    return _sample(source, found, parts, rows)
    return _sample(source, found, parts, rows)


def _sample(
    source: str | Path,
    found: Source,
    parts: list[tuple[str, tuple[str, ...]]],
    rows: list[SourceRow],
) -> Sample:
    return Sample(
        source=str(source),
        files=found.files,
        files_not_read=found.not_read,
        parts_not_read=tuple(parts),
        rows=tuple(rows),
    )


def preview_dataset(
    source: str | Path,
    *,
    format: DatasetFormat | str | None = None,
    mapping: Mapping[str, str] | None = None,
    rows: int = 5,
    report: Progress | None = None,
    within: Sequence[Path] | None = None,
) -> DatasetPreview:
    """Detect a dataset's format and return its first instances, for a person to check.

    If no format is recognized and none was given, the preview contains the reason and the
    columns, so that the user can define a mapping. Errors are those of `open_dataset`.

    Args:
        source: file, folder or hub id.
        format: format of the rows; detected if None.
        mapping: columns for `instruction`, `input`, `response`, `conversation`, `system` or
            `history`.
        rows: maximum number of instances and of raw rows.
        report: called with the progress of downloads.
        within: folders that contain every file of a local dataset, after following links; None
            for any place.
    """
    sample = read_sample(source, report, within=within)
    convention: Convention | None = None
    try:
        convention = sample.convention(format, mapping)
        reasons = convention.reasons
    except UnknownConventionError as error:
        if format or mapping:
            raise
        reasons = (str(error),)
    instances, bad_rows, reading = _first_instances(sample, convention, rows)
    return DatasetPreview(
        source=sample.source,
        files=tuple(file.path.name for file in sample.files),
        kind=sample.files[0].kind,
        n_bytes=sum(file.n_bytes for file in sample.files),
        format=convention.format if convention else None,
        mapping=convention.mapping if convention else ColumnMapping(),
        reasons=reasons,
        columns=sample.columns,
        first_rows=tuple(as_json(dict(row)) for row in sample.objects[:rows]),
        instances=instances,
        bad_rows=bad_rows,
        report=reading,
    )


def _first_instances(
    sample: Sample, convention: Convention | None, limit: int
) -> tuple[pa.Table, tuple[BadRow, ...], ReadingReport | None]:
    """Instances of the sampled rows, numbered as in the whole dataset, and the bad rows."""
    builder = BatchBuilder(Path(sample.source).stem)
    if convention is None:
        return pa.Table.from_batches([builder.take()], schema=INSTANCES), (), None
    reader, report = RowReader(convention), ReportBuilder(convention.mapping)
    for name, parts in sample.parts_not_read:
        report.add_not_read(name, parts)
    bad_rows: list[BadRow] = []
    number = 0
    for row in sample.rows:
        reading = reader.read(row)
        used = 0
        for outcome in reading.outcomes:
            number += 1
            if isinstance(outcome, Fields) and len(builder) == limit:
                used += 1
                continue
            if fault := builder.add(number, row.line, outcome):
                bad_rows.append(BadRow(line=row.line, reason=fault))
                report.add_left_out(bad_rows[-1])
            else:
                used += 1
        report.add_row(row.value, reading, used)
    names = [file.path.name for file in sample.files]
    table = pa.Table.from_batches([builder.take()], schema=INSTANCES)
    return table, tuple(bad_rows), report.report(names, sample.files_not_read)


def no_usable_row(source: str, bad_rows: list[BadRow], count: int) -> DatasetError:
    """The error for a dataset without a usable row, with the reason for the first row."""
    if not bad_rows:
        return DatasetError(f"{source} has no usable row: it is empty.")
    first = bad_rows[0]
    place = f"{first.file}, line {first.line}" if first.file else f"line {first.line}"
    expected = "objects with an instruction and a response, or conversations"
    if first.reason.startswith(INVALID_JSON):
        expected = "one JSON object per line, or one JSON array of objects"
    return DatasetError(
        f"{source} has no usable row among {count}: expected {expected}. The first bad row: "
        f"{place}, {first.reason}."
    )


def _format(format: DatasetFormat | str | None) -> DatasetFormat | None:
    if format is None:
        return None
    try:
        return DatasetFormat(format)
    except ValueError as error:
        raise DatasetError(
            f"Unknown dataset format {format!r}: expected one of {', '.join(DatasetFormat)}. "
            "The file type (JSON, CSV or Parquet) is detected from the content."
        ) from error
