"""Copy evidence: how much better a span's words are explained by copying from an instance.

The span is cut into words that its background explains and runs copied from one instance:

    ev(d) = max over cuts of  Σ over runs [ Σ over its words (s(w) − 0.1) − price(field of d) ]

with s the background surprisal (background.py) and price = ln(words of the field + 1) −
ln 0.35, more where the field is no response. Rare words weigh more, stock phrases less,
long instances pay for offering more places, and a source copied in pieces still adds up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from itlim.trace.evidence.background import FloatArray
from itlim.trace.words import gathering, kernels, segmentation
from itlim.trace.words.lexical import FIELDS, LexicalIndex
from itlim.trace.words.matching import Matches

WORD_PRICE = 0.1
"""Nats a copied word costs: copying word after word is likely, not certain."""
RUN_SHARE = 0.35
"""Prior share of places in a response where a run may start."""
LEAST_RUN = 6.0
"""Nats a run needs to count at all: commoner ones stand everywhere."""
FIELD_SHARES = (0.2, 0.5, 1.0)
"""Prior of copying from instruction, input and response: tuning trains on the response alone,
the other two can only be read, not learnt to be written."""
_TOLD_APART = 2048
"""Lengths of fields whose prices are kept; longer ones cost more still."""


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


@cache
def field_prices() -> FloatArray:
    """(3,) nats that opening a run costs in each field, before the field's length."""
    return -np.log(RUN_SHARE * np.array(FIELD_SHARES))


@cache
def _prices() -> FloatArray:
    """(3, `_TOLD_APART`) the same with the field's length, in words + 1."""
    return field_prices()[:, None] + np.log(np.maximum(np.arange(_TOLD_APART), 1))


def cumulated_gains(surprisal: FloatArray) -> FloatArray:
    """(q + 1,) running sums of what each copied word gains, in nats."""
    sums = np.zeros(len(surprisal) + 1)
    np.cumsum(surprisal - WORD_PRICE, out=sums[1:])
    return sums


def copy_evidence(matches: Matches, surprisal: FloatArray, *, above: float = 0.0) -> Evidence:
    """Evidence of all instances of an index for a query.

    Args:
        matches: of the span's words.
        surprisal: (q,) nats, of the same words.
        above: instances with no more evidence than this are left out, which saves time.
    """
    index = matches.index
    gains = cumulated_gains(surprisal)
    chosen, total = kernels.first_levels(*matches.intervals, gains, LEAST_RUN)
    best = kernels.best_gains(matches.starts, matches.lengths, matches.longest, gains, LEAST_RUN)
    at, reach, field, following, positions, heads = gathering.collect_matches(
        chosen,
        total,
        *matches.intervals,
        *index.places,
        len(index.groups),
        best,
        _prices(),
        above,
    )
    nats = segmentation.best_segmentations(
        heads, at, reach, field, following, index.fields, gains, field_prices(), LEAST_RUN
    )
    found = nats > above
    return Evidence(positions=positions[found], nats=nats[found])


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
    runs, nats = segmentation.segmentation(
        ids,
        index.words[bounds[0] : bounds[-1]],
        bounds - bounds[0],
        gains,
        field_prices(),
        LEAST_RUN,
    )
    found = []
    for start, length, place in runs.tolist():
        field = int(np.searchsorted(bounds - bounds[0], place, side="right")) - 1
        words = int(bounds[field + 1] - bounds[field]) - 1
        own = gains[start + length] - gains[start] - field_prices()[field] - np.log(words + 1.0)
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
