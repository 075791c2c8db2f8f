"""Loops that segment a query into copied runs and other words, compiled as in kernels.py."""
# mypy: ignore-errors
# numba infers the types of these plain functions and ignores annotations.

import numpy as np

from itlim.trace.words.kernels import compiled


@compiled
def best_segmentations(
    heads, at, reach, field, following, fields, cumulative, field_prices, min_gain
):
    """Evidence of each instance: that of its best segmentation into runs and other words.

    `field_prices` (3,) is the cost of opening a run in each field, before the field's length; runs
    that gain no more than `min_gain` do not count.
    The list of an instance starts at the last query position, so the recursion does as well:
    gain[i] is the best gain of the words from i on.
    """
    q = cumulative.shape[0] - 1
    evidence = np.zeros(heads.shape[0])
    gain = np.zeros(q + 1)
    for k in range(heads.shape[0]):
        match = heads[k]
        upto = q  # gain[upto:] is final
        gain[q] = 0.0
        while match >= 0:
            i = at[match]
            while upto > i:
                upto -= 1
                gain[upto] = gain[upto + 1]
            index = field[match]
            words = fields[index + 1] - fields[index] - 1
            price = field_prices[index % 3] + np.log(words + 1.0)
            for length in range(1, reach[match] + 1):
                own = cumulative[i + length] - cumulative[i]
                if own > min_gain and own - price + gain[i + length] > gain[i]:
                    gain[i] = own - price + gain[i + length]
            match = following[match]
        evidence[k] = gain[upto]
    return evidence


@compiled
def segmentation(query, words, fields, position, gains, field_prices, min_gain):
    """The best segmentation of the query against one instance, run by run.

    `gains` (q,) has the gain of each copied word. The words of the instance's three fields are each
    terminated by 0. The evidence equals that of `best_segmentations`; of equal runs, the first
    occurrence is kept.

    Returns:
        (runs, 4) int64: query position, length, field and first word of the run in the field;
        (runs,) contribution of each run in nats; and the evidence.
    """
    q = query.shape[0]
    cumulative = np.zeros(q + 1)
    for i in range(q):
        cumulative[i + 1] = cumulative[i] + gains[i]
    gain = np.zeros(q + 1)
    lengths = np.zeros(q, np.int64)
    runs = np.empty((q, 4), np.int64)
    begin = 3 * position
    for i in range(q - 1, -1, -1):
        gain[i] = gain[i + 1]
        if query[i] <= 0:
            continue
        for field in range(3):
            first, stop = fields[begin + field], fields[begin + field + 1]
            price = field_prices[field] + np.log(stop - first + 0.0)
            for offset in range(first, stop - 1):
                length = 0
                while i + length < q and words[offset + length] == query[i + length] > 0:
                    length += 1
                    own = cumulative[i + length] - cumulative[i]
                    if own > min_gain and own - price + gain[i + length] > gain[i]:
                        gain[i] = own - price + gain[i + length]
                        lengths[i] = length
                        runs[i] = i, length, field, offset - first
    nats = np.empty(q)
    used = 0
    i = 0
    while i < q:
        length = lengths[i]
        if length > 0:
            runs[used] = runs[i]
            nats[used] = gain[i] - gain[i + length]
            used += 1
            i += length
        else:
            i += 1
    return runs[:used], nats[:used], gain[0]
