"""Sort the suffixes of a text of word ids.

All occurrences of a run of words are adjacent in the suffix array, so two binary searches find a
run of any length. `pydivsufsort` sorts bytes in C.
"""

import numpy as np
import numpy.typing as npt

from itlim.errors import InputError

IdArray = npt.NDArray[np.int32]
MAX_BYTES = 2**31 - 1
"""Longest text that the sorting library accepts."""
_CHUNK = 1 << 24


def suffix_array(ids: IdArray, *, chunk: int = _CHUNK, max_bytes: int = MAX_BYTES) -> IdArray:
    """Start positions of all suffixes in ascending order of their ids.

    Args:
        ids: (n,) int32 in [0, 2**24). Smaller ids sort first; a suffix that is a prefix of
            another sorts before it.
        chunk: number of ids that are packed at a time, which bounds the memory.
        max_bytes: longest text, in bytes.

    Returns:
        (n,) int32.

    Raises:
        InputError: an id is outside [0, 2**24), or the text exceeds `max_bytes`.

    >>> suffix_array(np.array([2, 1, 2, 1, 3], dtype=np.int32)).tolist()
    [1, 3, 0, 2, 4]
    """
    if len(ids) and (ids.min() < 0 or ids.max() >= 1 << 24):
        raise InputError(
            f"Word ids range from {ids.min()} to {ids.max()}: expected 0 to {(1 << 24) - 1}. "
            "Split the dataset into parts."
        )
    width = 2 if not len(ids) or ids.max() < 1 << 16 else 3
    if len(ids) * width > max_bytes:
        raise InputError(
            f"{len(ids):,} words exceed the limit of one index "
            f"({max_bytes // width:,}). Split the dataset into parts."
        )
    if not len(ids):
        return np.empty(0, dtype=np.int32)
    # Imported late: opening an index does not need it.
    from pydivsufsort import divsufsort

    return _aligned(divsufsort(_big_endian_bytes(ids, width, chunk)), width, len(ids), chunk)


def _big_endian_bytes(ids: IdArray, width: int, chunk: int) -> npt.NDArray[np.uint8]:
    """The ids as big-endian bytes, whose order is that of the ids."""
    packed = np.empty((len(ids), width), dtype=np.uint8)
    for column in range(width):
        shift = 8 * (width - 1 - column)
        for start in range(0, len(ids), chunk):  # avoids a copy of a large text
            packed[start : start + chunk, column] = ids[start : start + chunk] >> shift & 0xFF
    return packed.reshape(-1)


def _aligned(byte_suffixes: IdArray, width: int, n: int, chunk: int) -> IdArray:
    """Keep the suffixes that start at the first byte of an id; in chunks, to save memory."""
    suffixes = np.empty(n, dtype=np.int32)
    filled = 0
    for start in range(0, len(byte_suffixes), chunk):
        part = byte_suffixes[start : start + chunk]
        kept = part[part % width == 0]
        suffixes[filled : filled + len(kept)] = kept // width
        filled += len(kept)
    return suffixes
