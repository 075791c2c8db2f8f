"""The loops that cut a query into copied runs and other words, compiled as in kernels.py."""
# mypy: ignore-errors
# numba infers the types of these plain functions; annotations would say nothing to it.

import numpy as np

from itlim.trace.words.kernels import compiled


@compiled
def best_segmentations(heads, at, reach, field, following, fields, cumulated, field_prices, least):
    """Evidence of each instance: the best segmentation into runs and other words.

    `field_prices` (3,) is what opening a run in each field costs, before the field's length; runs
    that gain no more than `least` do not count.
    The list of an instance runs from the last query position to the first, so the best gain
    is built from the end: gain[i] is that of the words from i on.
    """
    q = cumulated.shape[0] - 1
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
            home = field[match]
            words = fields[home + 1] - fields[home] - 1
            price = field_prices[home % 3] + np.log(words + 1.0)
            for length in range(1, reach[match] + 1):
                own = cumulated[i + length] - cumulated[i]
                if own > least and own - price + gain[i + length] > gain[i]:
                    gain[i] = own - price + gain[i + length]
            match = following[match]
        evidence[k] = gain[upto]
    return evidence


@compiled
def segmentation(query, region, bounds, cumulated, field_prices, least):
    """The best segmentation of the query against one instance, run by run.

    `region` holds the words of the instance's three fields, each closed by 0, `bounds` (4,) where
    they start in it. The value equals `best_segmentations`'; of equal runs the first place is kept.

    Returns:
        (runs, 3) int64: query position, length and place in `region`; and the evidence.
    """
    q = query.shape[0]
    gain = np.zeros(q + 1)
    lengths = np.zeros(q, np.int64)
    places = np.zeros(q, np.int64)
    for i in range(q - 1, -1, -1):
        gain[i] = gain[i + 1]
        if query[i] <= 0:
            continue
        for field in range(3):
            price = field_prices[field] + np.log(bounds[field + 1] - bounds[field] + 0.0)
            for place in range(bounds[field], bounds[field + 1] - 1):
                length = 0
                while i + length < q and region[place + length] == query[i + length] > 0:
                    length += 1
                    own = cumulated[i + length] - cumulated[i]
                    if own > least and own - price + gain[i + length] > gain[i]:
                        gain[i] = own - price + gain[i + length]
                        lengths[i] = length
                        places[i] = place
    runs = np.empty((q, 3), np.int64)
    used = 0
    i = 0
    while i < q:
        if lengths[i] > 0:
            runs[used] = i, lengths[i], places[i]
            used += 1
            i += lengths[i]
        else:
            i += 1
    return runs[:used], gain[0]
