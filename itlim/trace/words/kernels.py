"""The inner loops of tracing, compiled by numba.

numba caches compiled code on disk until the file that defines it changes; changes of other files
are not noticed. So a loop calls only loops and reads only constants of its own file: kernels,
gathering and segmentation are independent of each other.

Offsets of the query and of the index count words. A *level* of query position i is a
length at which the suffix-array interval of the words i, i + 1, … is smaller than that of one
word less. Intervals are nested, so the deepest level whose interval contains an entry tells how
many words of it match.
"""
# mypy: ignore-errors
# numba infers the types of these plain functions and ignores annotations.

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
        offset = suffixes[middle] + depth
        word = words[offset] if offset < n else -1
        if word < target:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def levels(query, words, suffixes, first_suffix):
    """All levels of all query positions.

    Returns:
        starts (q + 1,): position i has levels [starts[i], starts[i + 1]); lengths, lows, highs:
        length in words and interval of each level; longest (q,): words matched from i on.
    """
    q = query.shape[0]
    n = words.shape[0]
    starts = np.zeros(q + 1, np.int64)
    longest = np.zeros(q, np.int64)
    capacity = 8 * q + 16
    lengths = np.empty(capacity, np.int64)
    lows = np.empty(capacity, np.int64)
    highs = np.empty(capacity, np.int64)
    used = 0
    for i in range(q):
        starts[i] = used
        if query[i] <= 0:
            continue
        low = np.int64(first_suffix[query[i]])
        high = np.int64(first_suffix[query[i] + 1])
        length = 1
        is_new = True
        while True:
            if is_new:
                if used == capacity:
                    capacity *= 2
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
                offset = suffixes[low] + length
                if offset >= n or words[offset] != target:
                    break
                is_new = False
            else:
                new_low = _first_not_below(words, suffixes, low, high, length, target)
                new_high = _first_not_below(words, suffixes, new_low, high, length, target + 1)
                if new_low == new_high:
                    break
                is_new = new_high - new_low != high - low
                low, high = new_low, new_high
            length += 1
        longest[i] = length
    starts[q] = used
    return starts, lengths[:used], lows[:used], highs[:used], longest


@compiled
def cut_levels(starts, lengths, lows, highs, longest, first, last):
    """The levels of the query positions [first, last), without runs that reach beyond `last`."""
    q = last - first
    cut_starts = np.zeros(q + 1, np.int64)
    cut_longest = np.empty(q, np.int64)
    kept = np.empty(starts[last] - starts[first], np.int64)
    used = 0
    for i in range(q):
        cut_starts[i] = used
        for level in range(starts[first + i], starts[first + i + 1]):
            if lengths[level] <= q - i:
                kept[used] = level
                used += 1
        cut_longest[i] = min(longest[first + i], q - i)
    cut_starts[q] = used
    kept = kept[:used]
    return cut_starts, lengths[kept], lows[kept], highs[kept], cut_longest


@compiled
def interval_of(starts, lengths, lows, highs, longest, i, length):
    """The interval of the run [i, i + length), or (0, 0) if it does not occur."""
    if length > longest[i]:
        return 0, 0
    level = starts[i]
    while level + 1 < starts[i + 1] and lengths[level + 1] <= length:
        level += 1
    return lows[level], highs[level]


@compiled
def intervals_of(starts, lengths, lows, highs, longest, firsts, lasts):
    """The intervals of the runs [firsts[k], lasts[k]), (k,) lows and highs."""
    run_lows = np.empty(firsts.shape[0], np.int64)
    run_highs = np.empty(firsts.shape[0], np.int64)
    for k in range(firsts.shape[0]):
        run_lows[k], run_highs[k] = interval_of(
            starts, lengths, lows, highs, longest, firsts[k], lasts[k] - firsts[k]
        )
    return run_lows, run_highs


@compiled
def run_intervals(starts, lengths, lows, highs, longest, order):
    """The intervals of the runs of `order` words that end at each position, (q,) lows and highs.

    Both are 0 if the run would start before the query, or does not occur.
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
def first_levels(starts, lengths, lows, highs, longest, cumulative, min_gain):
    """For each position, the widest level that contains a run of sufficient gain.

    `cumulative` (q + 1,) contains cumulative sums of the words' gains; a run must gain more than
    `min_gain` in total. Returns (q,) levels, -1 if there is none, and the total number of entries.
    """
    q = longest.shape[0]
    chosen = np.full(q, -1, np.int64)
    total = 0
    for i in range(q):
        for level in range(starts[i], starts[i + 1]):
            reach = lengths[level + 1] - 1 if level + 1 < starts[i + 1] else longest[i]
            # A word may cost more than it gains, so the longest run is not always the best.
            gain = np.max(cumulative[i + lengths[level] : i + reach + 1]) - cumulative[i]
            if gain > min_gain:
                chosen[i] = level
                total += highs[level] - lows[level]
                break
    return chosen, total


@compiled
def best_gains(starts, lengths, longest, cumulative, min_gain):
    """The largest gain of a run of each level; 0 if no run gains more than `min_gain`."""
    best = np.zeros(lengths.shape[0])
    for i in range(longest.shape[0]):
        highest = 0.0
        for level in range(starts[i], starts[i + 1]):
            stop = lengths[level + 1] if level + 1 < starts[i + 1] else longest[i] + 1
            for length in range(lengths[level], stop):
                highest = max(highest, cumulative[i + length] - cumulative[i])
            best[level] = highest if highest > min_gain else 0.0
    return best


@compiled
def most_gain(longest, cumulative, first, last, price, min_gain):
    """The largest gain of the words [first, last) if all runs that occur were in one instance.

    `price` is the cost of opening a run, before the length of its field, which is at least that of
    the run.
    """
    gain = np.zeros(last - first + 1)
    for i in range(last - 1, first - 1, -1):
        best = gain[i + 1 - first]
        for length in range(1, min(longest[i], last - i) + 1):
            own = cumulative[i + length] - cumulative[i]
            if own > min_gain:
                own += gain[i + length - first] - price - np.log(length + 1.0)
                best = max(best, own)
        gain[i - first] = best
    return gain[0]


@compiled
def word_surprisal(counts, total, few, many, discount):
    """Surprisal of each word by the counts of the runs that end with it; see `corpus_surprisal`.

    `counts` (n, q) contains document frequencies of the runs of 1 to n words, `total` that of all
    words; `discount` is the probability mass of a context's continuations. Returns (q,) nats.
    """
    q = counts.shape[1]
    surprisal = np.empty(q)
    for i in range(q):
        alone = -np.log(max(counts[0, i] - 1.0, few) / total)
        surprisal[i] = alone
        for order in range(1, counts.shape[0]):
            others = counts[order, i] - 1.0
            if others <= few:
                continue
            context = max(counts[order - 1, i - 1] - 1.0, 1.0)
            stock = min(np.log(others / few) / np.log(many / few), 1.0)
            as_phrase = min(alone, -np.log(discount * others / context))
            surprisal[i] = min(surprisal[i], (1 - stock) * alone + stock * as_phrase)
    return surprisal
