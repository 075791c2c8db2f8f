"""The loops that count instances and contents, compiled as in kernels.py."""
# mypy: ignore-errors
# numba infers the types of these plain functions; annotations would say nothing to it.

import numpy as np

from itlim.trace.words.kernels import compiled

_TABLE = 1024


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
