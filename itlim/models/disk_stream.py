"""Logits kept in a file while their model is unloaded to load the other one."""

import shutil
from pathlib import Path

import numpy as np
import torch

from itlim.errors import OutOfMemoryError
from itlim.models.protocol import LogitStream, check_rows

_FLOAT_BYTES = 4
# Size of one write.
_WRITE_BYTES = 16 * 2**20


class DiskStream:
    """Logits written to a file without rounding and read back a block of rows at a time."""

    def __init__(self, path: Path, row_count: int, logit_count: int) -> None:
        self.row_count = row_count
        self._logit_count = logit_count
        self._path = path
        self._buffer = torch.empty((0, logit_count))

    @classmethod
    def write(cls, path: Path, stream: LogitStream, logit_count: int) -> "DiskStream":
        """Copy a whole stream to `path`.

        Raises:
            OutOfMemoryError: the disk does not have enough free space.
        """
        needed = stream.row_count * logit_count * _FLOAT_BYTES
        free = shutil.disk_usage(path.parent).free
        if needed > free:
            raise OutOfMemoryError(
                f"Scoring one model after the other stores {needed / 1e9:.1f} GB of logits in "
                f"{path.parent}, which has {free / 1e9:.1f} GB free. Free some space, set TMPDIR "
                "to a larger disk, or score fewer responses at a time."
            )
        rows = max(1, _WRITE_BYTES // (logit_count * _FLOAT_BYTES))
        with path.open("wb") as file:
            for start in range(0, stream.row_count, rows):
                stop = min(stream.row_count, start + rows)
                file.write(stream.read(start, stop).cpu().numpy().tobytes())
        return cls(path, stream.row_count, logit_count)

    def read(self, start: int, stop: int) -> torch.Tensor:
        check_rows(start, stop, self.row_count)
        if self._buffer.shape[0] < stop - start:
            self._buffer = torch.empty((stop - start, self._logit_count))
        out = self._buffer[: stop - start]
        with self._path.open("rb") as file:
            file.seek(start * self._logit_count * _FLOAT_BYTES)
            file.readinto(out.numpy().view(np.uint8).reshape(-1).data)
        return out
