"""The instances of an index on disk: any one is read without reading the others.

An uncompressed Arrow file of `schema.INSTANCES`, memory-mapped, in batches of equal size, so
that a position gives its batch. Rows that could not be used have no position but keep their
number, so the 1-based row of each position stands in a file of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.errors import IndexDamagedError, NotFoundError
from itlim.schema import INSTANCES

INSTANCES_FILE = "instances.arrow"
ROWS_FILE = "rows.i32"
BATCH_ROWS = 1024


class InstancesWriter:
    """Writes instances in the order in which they come.

    Args:
        folder: exists.
        batch_rows: instances per batch of the file.
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
        """Write what is left; the number of instances."""
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
        batch_rows: as when it was written.

    Raises:
        IndexDamagedError: a file is missing, cut, or does not fit the other.
    """

    def __init__(self, folder: Path, *, batch_rows: int = BATCH_ROWS) -> None:
        self._batch_rows = batch_rows
        self._path = folder / INSTANCES_FILE
        try:
            self._reader = pa.ipc.open_file(pa.memory_map(str(self._path)))
            # An empty file cannot be mapped, which raises ValueError.
            self.rows: npt.NDArray[np.int32] = np.memmap(
                folder / ROWS_FILE, dtype="<i4", mode="r"
            ).view(np.ndarray)
        except (OSError, ValueError, pa.ArrowInvalid) as error:
            raise IndexDamagedError(
                f"{folder} lacks its instances, or they are cut off ({error}). Rebuild the index."
            ) from error
        if self._reader.schema != INSTANCES or self._reader.num_record_batches != -(
            -len(self.rows) // batch_rows
        ):
            raise IndexDamagedError(
                f"{self._path} holds other columns or another number of rows than was written. "
                "Rebuild the index."
            )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> dict[str, Any]:
        """The row of `schema.INSTANCES` at a 0-based position.

        Raises:
            NotFoundError: there is none.
        """
        if not 0 <= position < len(self):
            raise NotFoundError(f"No instance at {position}: the index holds {len(self):,}.")
        batch = self._reader.get_batch(position // self._batch_rows)
        row: dict[str, Any] = batch.slice(position % self._batch_rows, 1).to_pylist()[0]
        return row

    def position(self, row: int) -> int:
        """Where the instance with that 1-based row stands.

        Raises:
            NotFoundError: there is no such row, or it could not be used.
        """
        place = int(np.searchsorted(self.rows, row))
        if place == len(self) or self.rows[place] != row:
            raise NotFoundError(
                f"The index holds no instance of row {row}: the dataset has no such row, or it "
                "could not be used."
            )
        return place

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
