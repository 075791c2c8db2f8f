"""The loops that gather and count instances behind words, compiled as in kernels.py."""
# mypy: ignore-errors
# numba infers the types of these plain functions; annotations would say nothing to it.

import numpy as np

from itlim.trace.words.kernels import compiled

MARK_EVERY = 32
"""Words between two whose field `marks` hold; equal to lexical's."""
_TABLE = 1024


@compiled
def field_at(fields, marks, place):
    """Index of the field that holds a word: 3 times the instance plus 0, 1 or 2.

    `marks` hold the field of every `MARK_EVERY`-th word: from there it is a step or two, where
    a binary search would take a hundred nanoseconds.
    """
    field = np.uint32(marks[np.uint32(place) // np.uint32(MARK_EVERY)])
    while fields[field + np.uint32(1)] <= place:
        field += np.uint32(1)
    return field


@compiled
def instance_of(field):
    """The instance of a field; without a sign dividing takes a third of the time."""
    return np.uint32(field) // np.uint32(3)


@compiled
def n_contents(lows, highs, suffixes, fields, marks, groups, most):
    """In how many different contents the entries of each interval stand, (k,).

    Of an interval of more than `most` entries these are counted instead: there, repeats within
    one instance no longer matter.
    """
    counts = np.zeros(lows.shape[0], np.int64)
    size = 16
    while size < 2 * most:
        size *= 2
    # A hash table for all intervals: what stands in it for another one counts as empty.
    table = np.zeros(size, np.int64)
    for k in range(lows.shape[0]):
        if highs[k] - lows[k] > most:
            counts[k] = highs[k] - lows[k]
            continue
        for entry in range(lows[k], highs[k]):
            field = field_at(fields, marks, suffixes[entry])
            group = np.int64(groups[instance_of(field)])
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
    suffixes,
    fields,
    marks,
    n_instances,
    best,
    prices,
    above,
):
    """Where the query's runs stand, as one linked list an instance, in descending position.

    Left out are runs that gain less than they cost, and instances that cannot gain more than
    `above`: of each thousand that share a word with a sentence a few are worth a closer look.

    `chosen` and `total` are `first_levels`', `best` is `best_gains`', and `prices` (3, sizes told
    apart) say what opening a run costs by the kind of its field and by the words of that and 1;
    a longer field costs at least the last.

    Returns:
        Per match its query position, length, field index and the next match of the instance
        (-1 ends); the instances, and the last match of each.
    """
    at = np.empty(total, np.int32)
    reach = np.empty(total, np.int32)
    field = np.empty(total, np.int32)
    hopes = np.zeros(n_instances)
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
            home = field_at(fields, marks, suffixes[entry])
            instance = instance_of(home)
            size = min(fields[home + np.uint32(1)] - fields[home], prices.shape[1] - 1)
            hope = best[level] - prices[home - np.uint32(3) * instance, size]
            if hope <= 0.0:
                continue
            touched[n_touched] = instance  # without a branch, which nobody could predict
            n_touched += hopes[instance] == 0.0
            hopes[instance] += hope
            at[filled] = i
            reach[filled] = lengths[level + 1] - 1 if level + 1 < last else longest[i]
            field[filled] = home
            filled += 1
    kept = 0
    for k in range(n_touched):
        instance = touched[k]
        # Hopes are summed in another order than gains, so the last digits may differ.
        if hopes[instance] > above - 1e-6:
            touched[kept] = instance
            kept += 1
            hopes[instance] = -kept
    heads = np.full(kept, -1, np.int64)
    following = np.empty(filled, np.int64)
    for match in range(filled):
        slot = -np.int64(hopes[instance_of(field[match])]) - 1
        if slot >= 0:
            following[match] = heads[slot]
            heads[slot] = match
    return at, reach, field, following, touched[:kept], heads


@compiled
def count_contents(words, bounds, groups, frequency):
    """Count in how many instances of different content each word stands, into `frequency`."""
    last = np.full(frequency.shape[0], -1, np.int32)
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
def shared_weight(words, fields, positions, wanted, weights):
    """Summed weight of the wanted words that each instance holds, (k,).

    `wanted` are different word ids, ascending, and `weights` what each is worth.
    """
    total = np.zeros(positions.shape[0])
    last = np.full(wanted.shape[0], -1, np.int64)
    # Nearly every word of an instance is none of the wanted: one look tells.
    may_be = np.zeros(_TABLE, np.bool_)
    for word in wanted:
        may_be[word % _TABLE] = True
    for k in range(positions.shape[0]):
        for place in range(fields[3 * positions[k]], fields[3 * positions[k] + 3]):
            word = words[place]
            if not may_be[word % _TABLE]:
                continue
            slot = np.searchsorted(wanted, word)
            if slot < wanted.shape[0] and wanted[slot] == word and last[slot] != k:
                last[slot] = k
                total[k] += weights[slot]
    return total
