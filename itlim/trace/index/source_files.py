"""Record the files of a dataset, so that a later change is noticed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from itlim.ids import file_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file of a dataset at the time it was read."""

    path: str
    size: int
    """Bytes."""
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "SourceFile":
        """Record the current state of a file.

        Raises:
            OSError: it cannot be read.
        """
        stat = path.stat()
        digest = _sha256(str(path), stat.st_size, stat.st_mtime_ns)
        return cls(path=str(path), size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=digest)

    def has_changed(self) -> bool:
        """Whether the file's content has changed; False if it cannot be read.

        The content is read only if size or modification time differ.
        """
        path = Path(self.path)
        try:
            stat = path.stat()
            if (stat.st_size, stat.st_mtime_ns) == (self.size, self.mtime_ns):
                return False
            return SourceFile.of(path).sha256 != self.sha256
        except OSError:
            return False


def source_files(paths: Sequence[Path]) -> tuple[SourceFile, ...]:
    """Record the current state of a dataset's files.

    Raises:
        OSError: a file cannot be read.
    """
    return tuple(SourceFile.of(path.resolve()) for path in paths)


def content_digest(files: Sequence[SourceFile]) -> str:
    """SHA-256 of a dataset: that of its only file, or of its files' hashes in order."""
    if len(files) == 1:
        return files[0].sha256
    return hashlib.sha256("\n".join(file.sha256 for file in files).encode()).hexdigest()


@lru_cache(maxsize=64)
def _sha256(path: str, _size: int, _mtime_ns: int) -> str:
    return file_sha256(Path(path))
