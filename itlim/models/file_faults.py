"""Recognize model files that are not what their name says, and say what to do.

Libraries report such files only as bytes that they cannot parse.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from itlim.errors import ModelLoadError

_POINTER = b"version https://git-lfs.github.com/spec/"
_WEB_PAGE = (b"<!doctype html", b"<html")
# The length of a safetensors header is stored in this many bytes at the start of the file.
_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000


def reject_faulty(files: Iterable[Path]) -> None:
    """Check that files of one folder have content of their own and are complete.

    Raises:
        ModelLoadError: a file is a Git LFS pointer, empty, a web page, or a safetensors file that
            was cut off.
    """
    found = list(files)
    pointers = [path.name for path in found if is_lfs_pointer(path)]
    if pointers:
        verb = "is a Git LFS pointer" if len(pointers) == 1 else "are Git LFS pointers"
        raise ModelLoadError(
            f"{_listed(pointers)} in {found[0].parent} {verb} instead of the content: run "
            "`git lfs pull` in that folder, or download the files again."
        )
    for path in found:
        fault = _fault(path)
        if fault:
            raise ModelLoadError(f"{path} {fault}: copy or download it again.")


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is a Git LFS pointer: a few lines that stand in for a large file."""
    return _start(path).startswith(_POINTER)


def broken_json(folder: Path) -> str:
    """A sentence about a JSON file in a folder that cannot be parsed; empty if there is none."""
    for path in sorted(folder.glob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            return f"{path.name} is not valid JSON ({error}). Copy or download it again."
    return ""


def _fault(path: Path) -> str:
    start = _start(path)
    if not start:
        return "is empty"
    if start.lstrip().lower().startswith(_WEB_PAGE):
        return "is a web page"
    if path.suffix != ".safetensors":
        return ""
    expected, size = _stated_size(path), path.stat().st_size
    if expected is None:
        return "is not a safetensors file"
    return f"is cut off ({size:,} of {expected:,} bytes)" if size < expected else ""


def _stated_size(path: Path) -> int | None:
    """Bytes that a safetensors file has according to its header; None without a header."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        if length > _LONGEST_HEADER:
            return None
        text = stream.read(length)
    if len(text) < length:
        return _LENGTH_BYTES + length
    try:
        tensors = json.loads(text)
        ends = [one["data_offsets"][1] for name, one in tensors.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return _LENGTH_BYTES + length + max(ends, default=0)


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(64)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
