"""Suffix arrays in numpy alone (Manber and Myers 1990): an oracle, and fast on tiny texts."""

import numpy as np


def by_prefix_doubling(ids: np.ndarray) -> np.ndarray:
    """(n,) int32 start positions of the suffixes of (n,) ids, as `suffix_array` returns them."""
    n = len(ids)
    if n == 0:
        return np.empty(0, dtype=np.int32)
    rank = np.unique(ids, return_inverse=True)[1].astype(np.int64) + 1
    length = 1
    while True:
        following = np.zeros(n, dtype=np.int64)
        following[: n - length] = rank[length:] if length < n else 0
        key = rank * (n + 2) + following
        order = np.argsort(key, kind="stable")
        changed = np.concatenate([[1], (np.diff(key[order]) != 0).astype(np.int64)])
        rank[order] = np.cumsum(changed)
        if rank[order[-1]] == n:
            return order.astype(np.int32)
        length *= 2
