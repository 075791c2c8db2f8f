"""Read rows of Parquet files and of Hugging Face's Arrow files, a few hundred at a time.

These files have no lines, so the row number in the whole dataset is used instead. Null cells are
treated as missing columns, because rows of a table cannot omit a column.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets.rows import OpenRows, SourceRow
from itlim.errors import DatasetError

_ROWS_AT_ONCE = 256
_BUFFER_BYTES = 2**20


@contextmanager
def open_parquet(path: Path, rows_before: int) -> Iterator[OpenRows]:
    """Open a Parquet file; row groups are read in pages, never as a whole."""
    import pyarrow.parquet as pq

    with _readable(path):
        file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    with file:
        counter = _Counter(max(1, file.metadata.num_rows))
        batches = file.iter_batches(batch_size=_ROWS_AT_ONCE)
        yield OpenRows(counter.rows(batches, path, rows_before), counter.fraction)


@contextmanager
def open_arrow(path: Path, rows_before: int) -> Iterator[OpenRows]:
    """Open an Arrow stream, the format that `save_to_disk` writes.

    The file is not memory-mapped, because mapped pages count as memory of this process.
    """
    with _readable(path):
        file = pa.OSFile(str(path))
    with file:
        with _readable(path):
            reader = pa.ipc.open_stream(file)
        counter = _Counter(max(1, file.size()))
        yield OpenRows(
            counter.rows(_slices(reader), path, rows_before), lambda: file.tell() / file.size()
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
                for row in batch.to_pylist():
                    self._done += 1
                    yield SourceRow(rows_before + self._done, _without_nulls(row))


def _slices(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            yield batch.slice(start, _ROWS_AT_ONCE)


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if value is not None}


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"Cannot read the dataset {path}: {error}. Is the file cut off or damaged?"
        ) from error
