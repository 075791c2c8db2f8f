"""The loops of tracing, compiled by numba where it is there; plain Python gives the same.

Offsets of the query and of the index count words. A *level* of query position i is a
length from which on the words i, i + 1, … stand in a smaller interval of the suffix
array than one word less does; intervals nest, so an entry of the widest tells by the
deepest level that still holds it how far it matches.
"""
# mypy: ignore-errors
# numba infers the types of these plain functions; annotations would say nothing to it.

from typing import Any

import numpy as np

try:
    from numba import njit
except ImportError:

    def njit(**_options):
        """Leave the loop to Python: slow, and right."""
        return lambda function: function


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
def field_at(fields, place):
    """Index of the field that holds a word: 3 times the instance plus 0, 1 or 2."""
    low = 0
    high = fields.shape[0] - 1
    while low + 1 < high:
        middle = (low + high) >> 1
        if fields[middle] <= place:
            low = middle
        else:
            high = middle
    return low


@compiled
def count_groups(suffixes, fields, groups, low, high, stamps, stamp):
    """Distinct contents in an interval; `stamps` (one a content) must not hold `stamp` yet."""
    count = 0
    for entry in range(low, high):
        group = groups[field_at(fields, suffixes[entry]) // 3]
        if stamps[group] != stamp:
            stamps[group] = stamp
            count += 1
    return count


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
def run_frequencies(
    starts, lengths, lows, highs, longest, suffixes, fields, groups, order, most, stamps
):
    """In how many contents each run of `order` words that ends at a position stands.

    Above `most` occurrences the occurrences are counted instead: there, repeats within one
    instance no longer matter.

    Returns:
        (q,) int64; 0 where fewer words precede or the run stands nowhere.
    """
    q = longest.shape[0]
    counts = np.zeros(q, np.int64)
    for last in range(order - 1, q):
        i = last - order + 1
        low, high = interval_of(starts, lengths, lows, highs, longest, i, order)
        if high - low > most:
            counts[last] = high - low
        elif high > low:
            stamps[0] += 1
            counts[last] = count_groups(suffixes, fields, groups, low, high, stamps[1:], stamps[0])
    return counts


@compiled
def first_levels(starts, lengths, lows, highs, longest, cumulated, least, most):
    """Per position the widest level that holds runs worth looking at.

    `cumulated` (q + 1,) are running sums of the words' gains; a run must gain `least` in all and
    stand at no more than `most` places. Returns (q,) levels, -1 where there is none, and the
    entries in all.
    """
    q = longest.shape[0]
    chosen = np.full(q, -1, np.int64)
    total = 0
    for i in range(q):
        for level in range(starts[i], starts[i + 1]):
            reach = lengths[level + 1] - 1 if level + 1 < starts[i + 1] else longest[i]
            # Words may cost more than they gain: the longest run need not be the best.
            gain = np.max(cumulated[i + lengths[level] : i + reach + 1]) - cumulated[i]
            if gain > least and highs[level] - lows[level] <= most:
                chosen[i] = level
                total += highs[level] - lows[level]
                break
    return chosen, total


@compiled
def matches(chosen, total, starts, lengths, lows, highs, longest, suffixes, fields, heads):
    """Where the query's runs stand, as one linked list an instance, in descending position.

    `heads` (instances,) comes in as all -1 and is filled with each instance's last match.
    Returns per match its query position, length, field index and the next match of the instance
    (-1 ends), and the instances that have one.
    """
    at = np.empty(total, np.int32)
    reach = np.empty(total, np.int32)
    field = np.empty(total, np.int64)
    following = np.empty(total, np.int64)
    touched = np.empty(min(total, heads.shape[0]), np.int64)
    n_touched = 0
    filled = 0
    for i in range(longest.shape[0]):
        first = chosen[i]
        if first < 0:
            continue
        last = starts[i + 1]
        for entry in range(lows[first], highs[first]):
            level = first
            while level + 1 < last and lows[level + 1] <= entry < highs[level + 1]:
                level += 1
            home = field_at(fields, suffixes[entry])
            instance = home // 3
            if heads[instance] < 0:
                touched[n_touched] = instance
                n_touched += 1
            at[filled] = i
            reach[filled] = lengths[level + 1] - 1 if level + 1 < last else longest[i]
            field[filled] = home
            following[filled] = heads[instance]
            heads[instance] = filled
            filled += 1
    return at, reach, field, following, touched[:n_touched]


@compiled
def count_contents(words, bounds, groups, frequency):
    """Count in how many instances of different content each word stands, into `frequency`."""
    last = np.full(frequency.shape[0], -1, np.int64)
    seen = np.zeros(groups.shape[0], np.bool_)
    for row in range(groups.shape[0]):
        if seen[groups[row]]:
            continue
        seen[groups[row]] = True
        for place in range(bounds[row], bounds[row + 1]):
            word = words[place]
            if last[word] != row:
                last[word] = row
                frequency[word] += 1


@compiled
def shared_weight(words, fields, positions, slots, weights):
    """Summed weight of the query's different words that each instance holds, (k,).

    `slots` (vocabulary + 1,) gives a query word its 1-based place in `weights`, others 0.
    """
    total = np.zeros(positions.shape[0])
    last = np.full(weights.shape[0] + 1, -1, np.int64)
    for k in range(positions.shape[0]):
        for place in range(fields[3 * positions[k]], fields[3 * positions[k] + 3]):
            slot = slots[words[place]]
            if slot > 0 and last[slot] != k:
                last[slot] = k
                total[k] += weights[slot - 1]
    return total
