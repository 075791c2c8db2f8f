"""The instances of an index on disk, with random access.

An uncompressed, memory-mapped Arrow file of `schema.INSTANCES` in batches of equal size, so that
a position determines its batch. Rows that could not be used have no position but keep their
number, so a second file contains the 1-based row of each position.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.errors import IndexDamagedError, NotFoundError
from itlim.schema import INSTANCES
from itlim.text.messages import plural

INSTANCES_FILE = "instances.arrow"
ROWS_FILE = "rows.i32"
BATCH_ROWS = 1024


class InstancesWriter:
    """Writes instances in the order in which they are added.

    Args:
        folder: an existing folder.
        batch_rows: number of rows per record batch.
    """

    def __init__(self, folder: Path, *, batch_rows: int = BATCH_ROWS) -> None:
        self._batch_rows = batch_rows
        self._file = pa.ipc.new_file(str(folder / INSTANCES_FILE), INSTANCES)
        self._rows_path = folder / ROWS_FILE
        self._rows: list[int] = []
        self._pending: list[pa.RecordBatch] = []
        self._n_pending = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Add a batch of any size."""
        self._rows.extend(row_of(str(id_)) for id_ in batch["instance_id"].to_pylist())
        self._pending.append(batch)
        self._n_pending += batch.num_rows
        if self._n_pending >= self._batch_rows:
            self._write(self._n_pending - self._n_pending % self._batch_rows)

    def finish(self) -> int:
        """Write the remaining rows and close the file; returns the number of instances."""
        self._write(self._n_pending)
        self._file.close()
        np.array(self._rows, dtype="<i4").tofile(self._rows_path)
        return len(self._rows)

    def _write(self, n_rows: int) -> None:
        if not n_rows:
            return
        table = pa.Table.from_batches(self._pending, schema=INSTANCES).combine_chunks()
        self._file.write_table(table.slice(0, n_rows), max_chunksize=self._batch_rows)
        rest = table.slice(n_rows)
        self._pending, self._n_pending = rest.to_batches(), rest.num_rows


class InstancesFile:
    """The instances of an index folder, memory-mapped.

    Args:
        folder: the index.
        batch_rows: number of rows per record batch with which the file was written.

    Raises:
        IndexDamagedError: a file is missing or truncated, or the two do not match.
    """

    def __init__(self, folder: Path, *, batch_rows: int = BATCH_ROWS) -> None:
        self._batch_rows = batch_rows
        self._batches: dict[int, list[tuple[str, pa.Array]]] = {}
        self._path = folder / INSTANCES_FILE
        try:
            self._reader = pa.ipc.open_file(pa.memory_map(str(self._path)))
            # Mapping an empty file raises ValueError.
            self.rows: npt.NDArray[np.int32] = np.memmap(
                folder / ROWS_FILE, dtype="<i4", mode="r"
            ).view(np.ndarray)
        except (OSError, ValueError, pa.ArrowInvalid) as error:
            raise IndexDamagedError(
                f"The instances of {folder} are missing or truncated ({error}). Rebuild the index."
            ) from error
        if self._reader.schema != INSTANCES or self._reader.num_record_batches != -(
            -len(self.rows) // batch_rows
        ):
            raise IndexDamagedError(
                f"{self._path} has unexpected columns or an unexpected number of rows. "
                "Rebuild the index."
            )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> dict[str, Any]:
        """The row of `schema.INSTANCES` at a 0-based position.

        Raises:
            NotFoundError: the position is out of range.
        """
        if not 0 <= position < len(self):
            raise NotFoundError(
                f"No instance at position {position}: the index contains "
                f"{plural(len(self), 'instance')}."
            )
        row = position % self._batch_rows
        return {
            name: column[row].as_py()
            for name, column in self._columns(position // self._batch_rows)
        }

    def _columns(self, number: int) -> list[tuple[str, pa.Array]]:
        """Names and columns of a record batch: views of the mapped file, kept for later rows."""
        if number not in self._batches:
            batch = self._reader.get_batch(number)
            self._batches[number] = list(zip(batch.schema.names, batch.columns, strict=True))
        return self._batches[number]

    def position(self, row: int) -> int:
        """The 0-based position of the instance with this 1-based row.

        Raises:
            NotFoundError: there is no such row, or it could not be used.
        """
        position = int(np.searchsorted(self.rows, row))
        if position == len(self) or self.rows[position] != row:
            raise NotFoundError(
                f"The index contains no instance of row {row}: the dataset has no such row, or it "
                "could not be used."
            )
        return position

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All instances in order."""
        for number in range(self._reader.num_record_batches):
            yield self._reader.get_batch(number)


def row_of(instance_id: str) -> int:
    """The 1-based row in an instance id.

    >>> row_of("dolly-15k-207")
    207
    """
    return int(instance_id.rpartition("-")[2])
