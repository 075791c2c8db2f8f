"""Copy evidence in plain Python, by trying every segmentation of a span."""

import math

from itlim.trace.evidence.copying import FIELD_SHARES, MIN_RUN, RUN_SHARE, WORD_PRICE


def price(n_words: int, field: int) -> float:
    return math.log(n_words + 1) - math.log(RUN_SHARE * FIELD_SHARES[field])


def segmentations(length: int, start: int = 0):
    """Every way to choose disjoint runs of a span, as lists of (start, stop)."""
    if start >= length:
        yield []
        return
    yield from segmentations(length, start + 1)
    for stop in range(start + 1, length + 1):
        for rest in segmentations(length, stop):
            yield [(start, stop), *rest]


def evidence_by_enumeration(fields: list[list[str]], query, surprisal) -> float:
    """Evidence of the instance with these fields: that of the best of all segmentations."""

    def worth(start: int, stop: int) -> float:
        own = sum(surprisal[start:stop]) - WORD_PRICE * (stop - start)
        run = query[start:stop]
        prices = [
            price(len(text), field)
            for field, text in enumerate(fields)
            if any(text[at : at + len(run)] == run for at in range(len(text)))
        ]
        return own - min(prices) if prices and own > MIN_RUN else -math.inf

    known = {
        (start, stop): worth(start, stop)
        for start in range(len(query))
        for stop in range(start + 1, len(query) + 1)
    }
    return max(sum(known[run] for run in runs) for runs in segmentations(len(query)))
