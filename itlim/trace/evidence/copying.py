"""Copy evidence: how much better copying from an instance explains a span than the background.

The span is segmented into words that the background explains and runs copied from one instance:

    ev(d) = max over segmentations Σ over runs [ Σ over words (s(w) − 0.1) − price(field of d) ]

where s is the background surprisal (background.py) and price = ln(words of the field + 1) −
ln 0.35, plus a penalty if the field is not the response. Rare words weigh more and stock phrases
less; long instances cost more, since a run can start at more positions; several copied pieces
add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from itlim.trace.evidence.background import FloatArray
from itlim.trace.words import gathering, kernels, segmentation
from itlim.trace.words.lexical_index import LexicalIndex
from itlim.trace.words.matching import Matches

WORD_PRICE = 0.1
"""Cost of each copied word in nats: that copying continues is likely, not certain."""
RUN_SHARE = 0.35
"""Prior share of positions in a response at which a run may start."""
MIN_RUN = 6.0
"""Nats that a run must exceed to count: more common runs occur everywhere."""
FIELD_SHARES = (0.2, 0.5, 1.0)
"""Prior of copying from instruction, input and response. Tuning trains the model to write the
response only; the other two are context."""
_TOLD_APART = 2048
"""Field lengths with a precomputed price; longer fields cost at least the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Copy evidence of every instance that shares a run of sufficient gain with the span."""

    positions: npt.NDArray[np.int64]
    """(k,) 0-based positions of the instances in the index, in no particular order."""
    nats: FloatArray
    """(k,) positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRun:
    """A copied run of the best segmentation; offsets count words."""

    start: int
    """First word of the query, 0-based."""
    length: int
    field: int
    """0 instruction, 1 input, 2 response."""
    word: int
    """First word of the run in that field, 0-based."""
    nats: float
    """The run's contribution to the evidence."""


@cache
def field_prices() -> FloatArray:
    """(3,) nats that opening a run costs in each field, before the field's length."""
    return -np.log(RUN_SHARE * np.array(FIELD_SHARES))


@cache
def _prices() -> FloatArray:
    """(3, `_TOLD_APART`) nats by field and by the field's length in words + 1."""
    return field_prices()[:, None] + np.log(np.maximum(np.arange(_TOLD_APART), 1))


def cumulative_gains(surprisal: FloatArray) -> FloatArray:
    """(q + 1,) cumulative sums of the gain of each copied word, in nats."""
    sums = np.zeros(len(surprisal) + 1)
    np.cumsum(surprisal - WORD_PRICE, out=sums[1:])
    return sums


def copy_evidence(matches: Matches, surprisal: FloatArray, *, above: float = 0.0) -> Evidence:
    """Evidence of all instances of an index for a query.

    Args:
        matches: matches of the span's words.
        surprisal: (q,) nats, of the same words.
        above: instances whose evidence does not exceed this are left out, which saves time.
    """
    index = matches.index
    gains = cumulative_gains(surprisal)
    chosen, total = kernels.first_levels(*matches.intervals, gains, MIN_RUN)
    best = kernels.best_gains(matches.starts, matches.lengths, matches.longest, gains, MIN_RUN)
    at, reach, field, following, positions, heads = gathering.collect_matches(
        chosen,
        total,
        *matches.intervals,
        index.entry_fields,
        index.field_sizes,
        len(index.groups),
        best,
        _prices(),
        above,
    )
    nats = segmentation.best_segmentations(
        heads, at, reach, field, following, index.fields, gains, field_prices(), MIN_RUN
    )
    found = nats > above
    return Evidence(positions=positions[found], nats=nats[found])


def most_evidence(matches: Matches, surprisal: FloatArray, first: int, last: int) -> float:
    """An upper bound in nats of the evidence of any instance for the words [first, last).

    It is what an instance would reach that consists of the runs that occur in the dataset, each
    in a response that has no other words.

    Args:
        matches: matches of a query that contains the words.
        surprisal: (q,) nats of all words of the query.
        first: first of the words.
        last: one past the last.
    """
    return float(
        kernels.most_gain(
            matches.longest, cumulative_gains(surprisal), first, last, field_prices()[-1], MIN_RUN
        )
    )


def best_segmentation(
    index: LexicalIndex, position: int, ids: npt.NDArray[np.int32], surprisal: FloatArray
) -> tuple[Sequence[WordRun], float]:
    """The copied runs of one instance and their evidence, which equals that of `copy_evidence`.

    Args:
        index: contains the instance.
        position: 0-based position of the instance.
        ids: (q,) the span's word ids in this index.
        surprisal: (q,) nats.
    """
    runs, nats, total = segmentation.segmentation(
        ids,
        index.words,
        index.fields,
        position,
        surprisal - WORD_PRICE,
        field_prices(),
        MIN_RUN,
    )
    found = [
        WordRun(start=start, length=length, field=field, word=word, nats=own)
        for (start, length, field, word), own in zip(runs.tolist(), nats.tolist(), strict=True)
    ]
    return found, float(total)
