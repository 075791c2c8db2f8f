"""Loops that collect and count the instances that contain words, compiled as in kernels.py.

`entry_fields` contains the field of each entry of the suffix array: 3 times the instance plus 0, 1
or 2. Looking it up by the entry's word offset instead would be a random access per occurrence.
"""
# mypy: ignore-errors
# numba infers the types of these plain functions and ignores annotations.

import numpy as np

from itlim.trace.words.kernels import compiled

_TABLE = 1024
_SORTED_UP_TO = 256
"""Entries that are sorted faster than a flag per instance is cleared."""


@compiled
def instance_of(field):
    """The instance of a field. Unsigned division takes a third of the time of signed division."""
    return np.uint32(field) // np.uint32(3)


@compiled
def instances_with(low, high, entry_fields):
    """The instances in which the entries of an interval occur, distinct and ascending, (k,)."""
    found = np.empty(high - low, np.int64)
    for entry in range(low, high):
        found[entry - low] = instance_of(entry_fields[entry])
    found.sort()
    kept = 0
    for k in range(found.shape[0]):
        if k == 0 or found[k] != found[kept - 1]:
            found[kept] = found[k]
            kept += 1
    return found[:kept]


@compiled
def n_instances_with(low, high, entry_fields, n_instances):
    """The number of instances in which the entries of an interval occur."""
    if high - low <= _SORTED_UP_TO:
        return instances_with(low, high, entry_fields).shape[0]
    seen = np.zeros(n_instances, np.bool_)
    found = 0
    for entry in range(low, high):
        instance = instance_of(entry_fields[entry])
        found += not seen[instance]
        seen[instance] = True
    return found


@compiled
def instances_of_runs(lows, highs, entry_fields, groups, kept):
    """The instances with the entries of each of k intervals.

    Returns:
        (k,) number of instances, (k,) number of distinct contents, and (k, kept) the first
        instances, ascending, -1 beyond the last.
    """
    n_instances = np.zeros(lows.shape[0], np.int64)
    n_groups = np.zeros(lows.shape[0], np.int64)
    first = np.full((lows.shape[0], kept), -1, np.int64)
    for k in range(lows.shape[0]):
        found = instances_with(lows[k], highs[k], entry_fields)
        n_instances[k] = found.shape[0]
        contents = np.empty(found.shape[0], np.int64)
        for i in range(found.shape[0]):
            contents[i] = groups[found[i]]
            if i < kept:
                first[k, i] = found[i]
        contents.sort()
        for i in range(contents.shape[0]):
            n_groups[k] += i == 0 or contents[i] != contents[i - 1]
    return n_instances, n_groups, first


@compiled
def n_contents(lows, highs, entry_fields, groups, max_entries):
    """Number of distinct contents in which the entries of each interval occur, (k,).

    For an interval of more than `max_entries` entries, the entries are counted instead: repeats
    within one instance then make no difference.
    """
    counts = np.zeros(lows.shape[0], np.int64)
    size = 16
    while size < 2 * max_entries:
        size *= 2
    # One hash table serves all intervals: an entry of another interval counts as empty.
    table = np.zeros(size, np.int64)
    for k in range(lows.shape[0]):
        if highs[k] - lows[k] > max_entries:
            counts[k] = highs[k] - lows[k]
            continue
        for entry in range(lows[k], highs[k]):
            group = np.int64(groups[instance_of(entry_fields[entry])])
            key = ((k + 1) << 32) | group
            slot = (group * 40503) % size
            while table[slot] >> 32 == k + 1 and table[slot] != key:
                slot = (slot + 1) % size
            if table[slot] != key:
                table[slot] = key
                counts[k] += 1
    return counts


@compiled
def collect_matches(
    chosen,
    total,
    starts,
    lengths,
    lows,
    highs,
    longest,
    entry_fields,
    field_sizes,
    n_instances,
    best,
    prices,
    above,
):
    """Occurrences of the query's runs: one linked list per instance, by descending query position.

    Runs that gain less than they cost are left out, and so are instances that cannot gain more
    than `above`: of a thousand instances that share a word with a sentence, a few remain.

    `chosen` and `total` come from `first_levels`, and `best` from `best_gains`. `prices` (3, n) is
    the cost of opening a run by the field's kind and by its length in words + 1; fields of n or
    more cost at least the last entry.

    Returns:
        For each match its query position, length, field index and the next match of the instance
        (-1 at the end); the instances; and the first match in the list of each.
    """
    at = np.empty(total, np.int32)
    reach = np.empty(total, np.int32)
    field = np.empty(total, np.int32)
    max_gains = np.zeros(n_instances)
    touched = np.empty(min(total, n_instances) + 1, np.int64)
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
            index = np.uint32(entry_fields[entry])
            instance = instance_of(index)
            size = min(field_sizes[index], prices.shape[1] - 1)
            max_gain = best[level] - prices[index - np.uint32(3) * instance, size]
            if max_gain <= 0.0:
                continue
            touched[n_touched] = instance  # without an unpredictable branch
            n_touched += max_gains[instance] == 0.0
            max_gains[instance] += max_gain
            at[filled] = i
            reach[filled] = lengths[level + 1] - 1 if level + 1 < last else longest[i]
            field[filled] = index
            filled += 1
    kept = 0
    for k in range(n_touched):
        instance = touched[k]
        # The summation order differs from that of the exact gains, so the last digits may differ.
        if max_gains[instance] > above - 1e-6:
            touched[kept] = instance
            kept += 1
            max_gains[instance] = -kept
    heads = np.full(kept, -1, np.int64)
    following = np.empty(filled, np.int64)
    for match in range(filled):
        slot = -np.int64(max_gains[instance_of(field[match])]) - 1
        if slot >= 0:
            following[match] = heads[slot]
            heads[slot] = match
    return at, reach, field, following, touched[:kept], heads


@compiled
def count_contents(words, bounds, groups, frequency):
    """Write to `frequency` the number of distinct contents that contain each word."""
    last = np.full(frequency.shape[0], -1, np.int32)
    seen = np.zeros(groups.shape[0], np.bool_)
    for row in range(groups.shape[0]):
        if seen[groups[row]]:
            continue
        seen[groups[row]] = True
        for offset in range(bounds[row], bounds[row + 1]):
            word = words[offset]
            if last[word] != row:
                last[word] = row
                frequency[word] += 1


@compiled
def shared_weight(words, fields, positions, wanted, weights):
    """Summed weight of the wanted words that each instance contains, (k,).

    `wanted` contains distinct word ids in ascending order, `weights` the weight of each.
    """
    total = np.zeros(positions.shape[0])
    last = np.full(wanted.shape[0], -1, np.int64)
    # Nearly no word of an instance is wanted: one table lookup excludes most of them.
    may_be_wanted = np.zeros(_TABLE, np.bool_)
    for word in wanted:
        may_be_wanted[word % _TABLE] = True
    for k in range(positions.shape[0]):
        for offset in range(fields[3 * positions[k]], fields[3 * positions[k] + 3]):
            word = words[offset]
            if not may_be_wanted[word % _TABLE]:
                continue
            slot = np.searchsorted(wanted, word)
            if slot < wanted.shape[0] and wanted[slot] == word and last[slot] != k:
                last[slot] = k
                total[k] += weights[slot]
    return total
