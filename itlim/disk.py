"""Files that appear whole or not at all, and what to say if the disk is full."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from itlim.errors import DiskFullError, InputError

_BLOCK_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_TEXTS = re.compile(
    # The last is what NumPy says.
    r"no space left on device|disk quota exceeded|file too large|\d+ requested and \d+ written",
    re.IGNORECASE,
)


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, a quota or the largest size of a file is used up.

    Libraries pass only the words of the system on, so these are recognized as well.
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return bool(_FULL_TEXTS.search(str(error)))


def full_error(
    place: Path | str, what: str, kept: str = "What was stored before is intact."
) -> DiskFullError:
    """The error to raise if a disk is full.

    Args:
        place: file or folder that was written.
        what: what was not stored, as the subject of a sentence.
        kept: what became of everything else, as a sentence.
    """
    return DiskFullError(
        f"No space is left on the disk of {place}: {what} was not stored. {kept} Free some space "
        "there, then repeat the action."
    )


def full_error_of(error: Exception, what: str) -> DiskFullError | None:
    """The error to raise if another one says that a disk is full; None if it does not."""
    if not is_full(error):
        return None
    named = getattr(error, "filename", None)
    return full_error(named or f"itlim's files ({' '.join(str(error).split())})", what)


def reserve(path: Path, size: int) -> None:
    """Make a file of `size` zero bytes that really takes its place on the disk.

    Writing into a mapping of a file without its own blocks kills the process if the disk is full.

    Raises:
        OSError: the disk has no space for it.
    """
    with path.open("wb") as file:
        left = size
        while left:
            left -= file.write(bytes(min(left, _BLOCK_BYTES)))


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write; the file is renamed to `path` if the block succeeds, and deleted if not.

    Raises:
        DiskFullError: the disk is full; a file that was at `path` is unchanged.
        InputError: the file cannot be written for another reason.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        if is_full(error):
            raise full_error(path, "the file", "A file that was there is unchanged.") from error
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}. Name another file."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
