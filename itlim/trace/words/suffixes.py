"""Sort the suffixes of a text of word ids.

The suffix array puts all places where a run of words stands side by side, so that a
run of any length is found by two binary searches. `pydivsufsort` sorts bytes in C.
"""

import numpy as np
import numpy.typing as npt

from itlim.errors import InputError

IdArray = npt.NDArray[np.int32]
LARGEST_BYTES = 2**31 - 1
"""What int32 positions reach."""
CHUNK_IDS = 1 << 24
"""Limits the memory of a step over a large text."""


def suffix_array(
    ids: IdArray, *, largest_bytes: int = LARGEST_BYTES, chunk_ids: int = CHUNK_IDS
) -> IdArray:
    """Start positions of all suffixes in ascending order of their ids.

    Args:
        ids: (n,) int32, not negative, below 2**24. Smaller ids sort first; a suffix that is
            a prefix of another sorts before it.
        largest_bytes: size of the packed text above which it is rejected; an id takes 2 bytes,
            or 3 if any is 2**16 or more.
        chunk_ids: ids per step of packing and aligning.

    Returns:
        (n,) int32.

    Raises:
        InputError: an id lies outside [0, 2**24), or the text is longer than int32 reaches.

    >>> suffix_array(np.array([2, 1, 2, 1, 3], dtype=np.int32)).tolist()
    [1, 3, 0, 2, 4]
    """
    if len(ids) and (ids.min() < 0 or ids.max() >= 1 << 24):
        raise InputError(
            f"Word ids run from {ids.min()} to {ids.max()}: expected 0 to {(1 << 24) - 1}. "
            "Index the dataset in parts."
        )
    width = 2 if not len(ids) or ids.max() < 1 << 16 else 3
    if len(ids) * width > largest_bytes:
        raise InputError(
            f"{len(ids):,} words are more than one index holds "
            f"({largest_bytes // width:,}). Split the dataset into parts."
        )
    if not len(ids):
        return np.empty(0, dtype=np.int32)
    # Late: opening an index does not need it.
    from pydivsufsort import divsufsort

    byte_suffixes = divsufsort(_big_endian_bytes(ids, width, chunk_ids))
    return _aligned(byte_suffixes, width, len(ids), chunk_ids)


def _big_endian_bytes(ids: IdArray, width: int, chunk: int) -> npt.NDArray[np.uint8]:
    """The ids as bytes, most significant first, so that bytes sort as ids do."""
    packed = np.empty((len(ids), width), dtype=np.uint8)
    for column in range(width):
        shift = 8 * (width - 1 - column)
        for start in range(0, len(ids), chunk):  # no second copy of a large text
            packed[start : start + chunk, column] = ids[start : start + chunk] >> shift & 0xFF
    return packed.reshape(-1)


def _aligned(byte_suffixes: IdArray, width: int, n: int, chunk: int) -> IdArray:
    """Keep the suffixes that begin with a whole id; chunk by chunk, to spare memory."""
    suffixes = np.empty(n, dtype=np.int32)
    filled = 0
    for start in range(0, len(byte_suffixes), chunk):
        found = byte_suffixes[start : start + chunk]
        kept = found[found % width == 0]
        suffixes[filled : filled + len(kept)] = kept // width
        filled += len(kept)
    return suffixes
