"""Read rows of Parquet files and of Arrow streams and files, a few hundred at a time.

These files have no lines, so the row number in the whole dataset is used instead.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets.arrow_checks import check_buffers
from itlim.datasets.arrow_values import batch_rows
from itlim.datasets.rows import OpenRows, SourceRow
from itlim.errors import DatasetError

_ROWS_AT_ONCE = 256
_BUFFER_BYTES = 2**20
ARROW_FILE_MARK = b"ARROW1"


@contextmanager
def open_parquet(path: Path, rows_before: int) -> Iterator[OpenRows]:
    """Open a Parquet file; row groups are read in pages, never as a whole."""
    import pyarrow.parquet as pq

    with _readable(path):
        file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    with file:
        _check_names(file.schema_arrow, path)
        counter = _Counter(max(1, file.metadata.num_rows))
        batches = file.iter_batches(batch_size=_ROWS_AT_ONCE)
        yield OpenRows(counter.rows(batches, path, rows_before), counter.fraction)


@contextmanager
def open_arrow(path: Path, rows_before: int) -> Iterator[OpenRows]:
    """Open an Arrow stream, the format that `save_to_disk` writes, or an Arrow (Feather) file.

    The file is not memory-mapped, because mapped pages count as memory of this process.
    """
    with _readable(path):
        file = pa.OSFile(str(path))
    with file:
        with _readable(path):
            is_stream = file.read(len(ARROW_FILE_MARK)) != ARROW_FILE_MARK
            file.seek(0)
            reader = pa.ipc.open_stream(file) if is_stream else pa.ipc.open_file(file)
        _check_names(reader.schema, path)
        batches = iter(reader) if is_stream else map(reader.get_batch, _numbers(reader))
        counter = _Counter(max(1, file.size()))
        yield OpenRows(
            counter.rows(_slices(batches), path, rows_before),
            lambda: file.tell() / file.size(),
        )


class _Counter:
    """Converts record batches to rows and counts them."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0

    def fraction(self) -> float:
        return self._done / self._total

    def rows(
        self, batches: Iterable[pa.RecordBatch], path: Path, rows_before: int
    ) -> Iterator[SourceRow]:
        with _readable(path):
            for batch in batches:
                check_buffers(batch)
                for row in batch_rows(batch):
                    self._done += 1
                    yield SourceRow(rows_before + self._done, row)


def _numbers(reader: Any) -> range:
    return range(reader.num_record_batches)


def _slices(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        check_buffers(batch)
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            yield batch.slice(start, _ROWS_AT_ONCE)


def _check_names(schema: pa.Schema, path: Path) -> None:
    doubled = [name for name, count in Counter(schema.names).items() if count > 1]
    if doubled:
        raise DatasetError(
            f"{path} has several columns {doubled[0]!r}: rename all but one, so that it is clear "
            "which one to read."
        )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"Cannot read the dataset {path}: {error}. Is the file cut off or damaged?"
        ) from error
