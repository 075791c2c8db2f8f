"""Copy evidence: how much better a span's words are explained by copying from an instance.

The span is cut into words that its background explains and runs copied from one instance:

    ev(d) = max over cuts of  Σ over runs [ Σ over its words (s(w) − 0.1) − price(field of d) ]

with s the background surprisal (background.py) and price = ln(words of the field + 1) −
ln 0.35, more where the field is no response. Rare words weigh more, stock phrases less,
long instances pay for offering more places, and a source copied in pieces still adds up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itlim.trace import kernels, segmentation
from itlim.trace.background import FloatArray
from itlim.trace.lexical import FIELDS, LexicalIndex
from itlim.trace.matching import Matches

WORD_PRICE = 0.1
"""Nats a copied word costs: copying word after word is likely, not certain."""
RUN_SHARE = 0.35
"""Prior share of places in a response where a run may start."""
LEAST_RUN = 6.0
"""Nats a run needs to count at all: commoner ones stand everywhere."""
FIELD_SHARES = (0.2, 0.5, 1.0)
"""Prior of copying from instruction, input and response: tuning trains on the response alone,
the other two can only be read, not learnt to be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Copy evidence of every instance that shares a countable run with the span."""

    positions: npt.NDArray[np.int64]
    """(k,) 0-based positions of the instances in the index, in no order."""
    nats: FloatArray
    """(k,) positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRun:
    """A run of the best cut, in words."""

    start: int
    """First word of the query, 0-based."""
    length: int
    field: int
    """0 instruction, 1 input, 2 response."""
    word: int
    """First word of the run in that field, 0-based."""
    nats: float
    """What the run adds to the evidence."""


def field_prices() -> FloatArray:
    """(3,) nats that opening a run costs in each field, before the field's length."""
    return -np.log(RUN_SHARE * np.array(FIELD_SHARES))


def cumulated_gains(surprisal: FloatArray) -> FloatArray:
    """(q + 1,) running sums of what each copied word gains, in nats."""
    return np.concatenate([[0.0], np.cumsum(surprisal - WORD_PRICE)])


def copy_evidence(matches: Matches, surprisal: FloatArray) -> Evidence:
    """Evidence of all instances of an index for a query.

    Args:
        matches: of the span's words.
        surprisal: (q,) nats, of the same words.
    """
    index = matches.index
    gains = cumulated_gains(surprisal)
    chosen, total = kernels.first_levels(
        *matches.intervals, gains, LEAST_RUN, np.iinfo(np.int64).max
    )
    heads = np.full(len(index.groups), -1, dtype=np.int64)
    at, reach, field, following, touched = kernels.matches(
        chosen, total, *matches.intervals, index.suffixes, index.fields, heads
    )
    nats = segmentation.best_segmentations(
        touched,
        heads,
        at,
        reach,
        field,
        following,
        index.fields,
        gains,
        field_prices(),
        LEAST_RUN,
    )
    found = nats > 0
    return Evidence(positions=touched[found], nats=nats[found])


def best_cut(
    index: LexicalIndex, position: int, ids: npt.NDArray[np.int32], surprisal: FloatArray
) -> tuple[Sequence[WordRun], float]:
    """The copied runs of one instance and their evidence, equal to `copy_evidence`'s.

    Args:
        index: holds the instance.
        position: 0-based position of the instance.
        ids: (q,) the span's word ids in this index.
        surprisal: (q,) nats.
    """
    bounds = index.fields[FIELDS * position : FIELDS * (position + 1) + 1]
    gains = cumulated_gains(surprisal)
    prices = field_prices()
    runs, nats = segmentation.segmentation(
        ids, index.words[bounds[0] : bounds[-1]], bounds - bounds[0], gains, prices, LEAST_RUN
    )
    found = []
    for start, length, place in runs.tolist():
        field = int(np.searchsorted(bounds - bounds[0], place, side="right")) - 1
        words = int(bounds[field + 1] - bounds[field]) - 1
        own = gains[start + length] - gains[start] - prices[field] - np.log(words + 1.0)
        found.append(
            WordRun(
                start=start,
                length=length,
                field=field,
                word=place - int(bounds[field] - bounds[0]),
                nats=float(own),
            )
        )
    return found, float(nats)
