"""The loops of tracing, compiled by numba.

Compiled code is kept on disk until its own file changes, whatever happens to others. So a loop
calls only loops, and reads only constants, of its own file: kernels, gathering and segmentation
each stand alone.

Offsets of the query and of the index count words. A *level* of query position i is a
length from which on the words i, i + 1, … stand in a smaller interval of the suffix
array than one word less does; intervals nest, so an entry of the widest tells by the
deepest level that still holds it how far it matches.
"""
# mypy: ignore-errors
# numba infers the types of these plain functions; annotations would say nothing to it.

from typing import Any

import numpy as np
from numba import njit

compiled: Any = njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)


@compiled
def _first_not_below(words, suffixes, low, high, depth, target):
    """First entry of [low, high) whose word at `depth` is at least `target`."""
    n = words.shape[0]
    while low < high:
        middle = (low + high) >> 1
        place = suffixes[middle] + depth
        word = words[place] if place < n else -1
        if word < target:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def levels(query, words, suffixes, first_suffix):
    """All levels of all query positions.

    Returns:
        starts (q + 1,): position i owns levels [starts[i], starts[i + 1]); lengths, lows, highs:
        per level its length in words and its interval; longest (q,): words matched from i on.
    """
    q = query.shape[0]
    n = words.shape[0]
    starts = np.zeros(q + 1, np.int64)
    longest = np.zeros(q, np.int64)
    room = 8 * q + 16
    lengths = np.empty(room, np.int64)
    lows = np.empty(room, np.int64)
    highs = np.empty(room, np.int64)
    used = 0
    for i in range(q):
        starts[i] = used
        if query[i] <= 0:
            continue
        low = np.int64(first_suffix[query[i]])
        high = np.int64(first_suffix[query[i] + 1])
        length = 1
        fresh = True
        while True:
            if fresh:
                if used == room:
                    room *= 2
                    lengths = np.concatenate((lengths, np.empty(used, np.int64)))
                    lows = np.concatenate((lows, np.empty(used, np.int64)))
                    highs = np.concatenate((highs, np.empty(used, np.int64)))
                lengths[used] = length
                lows[used] = low
                highs[used] = high
                used += 1
            if i + length >= q or query[i + length] <= 0:
                break
            target = query[i + length]
            if high - low == 1:
                place = suffixes[low] + length
                if place >= n or words[place] != target:
                    break
                fresh = False
            else:
                new_low = _first_not_below(words, suffixes, low, high, length, target)
                new_high = _first_not_below(words, suffixes, new_low, high, length, target + 1)
                if new_low == new_high:
                    break
                fresh = new_high - new_low != high - low
                low, high = new_low, new_high
            length += 1
        longest[i] = length
    starts[q] = used
    return starts, lengths[:used], lows[:used], highs[:used], longest


@compiled
def interval_of(starts, lengths, lows, highs, longest, i, length):
    """The interval of the run [i, i + length), or (0, 0) if it stands nowhere."""
    if length > longest[i]:
        return 0, 0
    level = starts[i]
    while level + 1 < starts[i + 1] and lengths[level + 1] <= length:
        level += 1
    return lows[level], highs[level]


@compiled
def run_intervals(starts, lengths, lows, highs, longest, order):
    """The intervals of the runs of `order` words that end at each position, (q,) lows and highs.

    Both are 0 where fewer words precede or the run stands nowhere.
    """
    q = longest.shape[0]
    run_lows = np.zeros(q, np.int64)
    run_highs = np.zeros(q, np.int64)
    for last in range(order - 1, q):
        run_lows[last], run_highs[last] = interval_of(
            starts, lengths, lows, highs, longest, last - order + 1, order
        )
    return run_lows, run_highs


@compiled
def first_levels(starts, lengths, lows, highs, longest, cumulated, least):
    """Per position the widest level that holds runs worth looking at.

    `cumulated` (q + 1,) are running sums of the words' gains; a run must gain more than `least` in
    all. Returns (q,) levels, -1 where there is none, and the entries in all.
    """
    q = longest.shape[0]
    chosen = np.full(q, -1, np.int64)
    total = 0
    for i in range(q):
        for level in range(starts[i], starts[i + 1]):
            reach = lengths[level + 1] - 1 if level + 1 < starts[i + 1] else longest[i]
            # Words may cost more than they gain: the longest run need not be the best.
            gain = np.max(cumulated[i + lengths[level] : i + reach + 1]) - cumulated[i]
            if gain > least:
                chosen[i] = level
                total += highs[level] - lows[level]
                break
    return chosen, total


@compiled
def best_gains(starts, lengths, longest, cumulated, least):
    """The most that a run of each level gains, whatever its length; 0 where none gains `least`."""
    best = np.zeros(lengths.shape[0])
    for i in range(longest.shape[0]):
        highest = 0.0
        for level in range(starts[i], starts[i + 1]):
            stop = lengths[level + 1] if level + 1 < starts[i + 1] else longest[i] + 1
            for length in range(lengths[level], stop):
                highest = max(highest, cumulated[i + length] - cumulated[i])
            best[level] = highest if highest > least else 0.0
    return best
