"""Find the parts of a whole response that occur verbatim in the datasets.

A fixed minimum length finds too much in plain text and misses rare facts. So a stretch is kept if
it is rare: if a random text of the dataset's length would contain it less than once on average,
that is, if its surprisal exceeds ln(words of the dataset).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from itlim.records import VerbatimSpan
from itlim.text.words import spaced, words
from itlim.trace.evidence.background import FEW, corpus_surprisal
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.index.index import TraceIndex, opened
from itlim.trace.words.lexical import FIELDS
from itlim.trace.words.lexical_index import LexicalIndex
from itlim.trace.words.matching import Matches, field_indices, match

COMMON_SHARE = 0.01
"""Share of a dataset's contents above which a word carries no information; at least `FEW`."""
STOCK = 10
"""Number of distinct contents from which a stretch is a stock phrase."""
STARTER_WORDS = 4
"""Number of words at the start of a response that may be an opening formula."""
STARTERS = 3
"""Number of distinct contents whose responses must start with the same words to make a formula."""
ROWS_KEPT = 10


def verbatim_spans(
    indexes: Sequence[TraceIndex | str | Path], *, instruction: str, response: str
) -> tuple[VerbatimSpan, ...]:
    """All rare maximal stretches of a response that occur in a dataset, in order.

    Args:
        indexes: indexes or their folders; each is searched separately.
        instruction: the instruction that the response answers; stretches that also occur in it are
            flagged.
        response: the whole response.

    Raises:
        InputError: no index was given.
    """
    searched = opened(indexes)
    split = Response.of(instruction, response)
    if not split.words:
        return ()
    instruction_words = spaced(words(instruction))
    found = [span for index in searched for span in _spans_of(index, split, instruction_words)]
    return tuple(sorted(found, key=lambda span: (span.start, -span.stop)))


def _spans_of(index: TraceIndex, split: Response, instruction_words: str) -> list[VerbatimSpan]:
    matches = match(index.lexical, list(split.words))
    stretches = rare_stretches(matches, corpus_surprisal([matches]))
    if not stretches:
        return []
    firsts, lasts = np.array([one[:2] for one in stretches]).T
    n_instances, n_contents, positions = matches.instances_of_runs(firsts, lasts, ROWS_KEPT)
    rows = index.instances.rows[positions].tolist()
    columns = zip(
        stretches,
        split.starts[firsts].tolist(),
        split.stops[lasts - 1].tolist(),
        n_instances.tolist(),
        rows,
        are_style(matches, firsts, lasts, n_contents),
        _p_values(index, len(split.words), stretches),
        strict=True,
    )
    return [
        VerbatimSpan(
            start=start,
            stop=stop,
            n_words=last - first,
            nats=nats,
            n_instances=n,
            rows=tuple(found[:n]),
            dataset=index.dataset,
            is_style=is_style,
            in_instruction=spaced(split.words[first:last]) in instruction_words,
            null_p=p,
        )
        for (first, last, nats), start, stop, n, found, is_style, p in columns
    ]


def _p_values(
    index: TraceIndex, n_words: int, stretches: Sequence[tuple[int, int, float]]
) -> list[float] | list[None]:
    """How often chance gives a response of this length a stretch as rare, for each stretch."""
    null = index.nulls.get("response")
    if null is None:
        return [None] * len(stretches)
    return [null.p_value(n_words, nats) for *_, nats in stretches]


def is_style(matches: Matches, start: int, stop: int) -> bool:
    """`are_style` of one stretch, the words [start, stop)."""
    first, last = np.array([start]), np.array([stop])
    _, n_contents, _ = matches.instances_of_runs(first, last, 1)
    return are_style(matches, first, last, n_contents)[0]


def are_style(
    matches: Matches,
    firsts: npt.NDArray[np.int64],
    lasts: npt.NDArray[np.int64],
    n_contents: npt.NDArray[np.int64],
) -> list[bool]:
    """Whether style alone explains a stretch: a stock phrase, an opening formula, or common words.

    Args:
        matches: matches of the whole response.
        firsts: (k,) first word of each stretch.
        lasts: (k,) one past its last.
        n_contents: (k,) number of distinct contents that contain it.
    """
    index = matches.index
    # In a small dataset, one percent is less than one instance.
    bound = max(COMMON_SHARE * index.n_contents, FEW)
    common = np.zeros(len(matches.ids) + 1, np.int64)
    np.cumsum(index.frequency[np.maximum(matches.ids, 0)] > bound, out=common[1:])
    found = (common[lasts] - common[firsts] == lasts - firsts) | (n_contents >= STOCK)
    for place in np.flatnonzero(~found & (firsts < STARTER_WORDS)).tolist():
        first, last = int(firsts[place]), int(lasts[place])
        found[place] = _n_starting(matches, index, first, last) >= STARTERS
    return found.tolist()


def _n_starting(matches: Matches, index: LexicalIndex, start: int, stop: int) -> int:
    """Distinct contents with the stretch's first words at the same offset of their response."""
    found = matches.occurrences(start, min(stop, start + STARTER_WORDS))
    fields = field_indices(index, found)
    offsets = found - index.fields[fields]
    begins = (fields % FIELDS == FIELDS - 1) & (offsets == start)
    return len(np.unique(index.groups[fields[begins] // FIELDS]))
