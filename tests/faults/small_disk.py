"""A real file system of a few megabytes, and the means to leave a number of bytes free on it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MEGABYTE = 1 << 20
BLOCK = 4096


class SmallDisk:
    """A mounted file system that can be filled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filling = path / ".filling"

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        return shutil.disk_usage(self.path).free

    def fill(self, free: int = 0) -> None:
        """Fill the disk until `free` bytes are left, rounded down to blocks."""
        self.empty()
        left = self.free - free // BLOCK * BLOCK
        # Another process may take space meanwhile; then the disk is full earlier.
        with suppress(OSError), self._filling.open("wb") as file:
            file.write(bytes(max(0, left)))

    def empty(self) -> None:
        """Give the space back."""
        self._filling.unlink(missing_ok=True)

    def files(self) -> set[str]:
        """Paths of all files, the filling left out."""
        return {
            str(path.relative_to(self.path))
            for path in self.path.rglob("*")
            if path.is_file() and path != self._filling
        }


@contextmanager
def mounted(path: Path, size: int) -> Iterator[SmallDisk]:
    """Mount a small file system; the test is skipped where that is not allowed."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if os.name != "posix" or shutil.which("mount") is None:
        pytest.skip("needs mount")
    if (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"a small file system cannot be mounted: {done.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        # Lazily: a file that a failed test left open must not keep the file system mounted.
        subprocess.run(["umount", "-l", str(path)], check=True)
