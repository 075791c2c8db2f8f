"""What of a whole response stands verbatim in the datasets.

A fixed least length finds too much in plain text and misses rare facts. So a stretch is
kept if it is rare: if a text made of its words at random, as long as the dataset, would
hold it less than once, that is if its surprisal exceeds ln(words of the dataset).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from itlim.records import VerbatimSpan
from itlim.text.words import words
from itlim.trace.evidence.background import FEW, corpus_surprisal
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.index.index import TraceIndex, opened
from itlim.trace.words.lexical import FIELDS, LexicalIndex
from itlim.trace.words.matching import Matches, field_indices, match

COMMON_SHARE = 0.01
"""Share of a dataset's instances from which on a word carries no content; at least `FEW`."""
STOCK = 10
"""Instances of different content from which on a stretch is a stock phrase."""
STARTER_WORDS = 4
"""Words of a response's beginning that may start with a formula."""
STARTERS = 3
"""Instances whose fields start with the same words that make them a formula."""
ROWS_KEPT = 10


def verbatim_spans(
    indexes: Sequence[TraceIndex | str | Path], *, instruction: str, response: str
) -> tuple[VerbatimSpan, ...]:
    """All rare maximal stretches of a response that stand in a dataset, in order.

    Args:
        indexes: or their folders; each is searched on its own.
        instruction: what the response answers; stretches that stand in it too are told apart.
        response: the whole of it.

    Raises:
        InputError: no index was given.
    """
    searched = opened(indexes)
    cut = Response.of(instruction, response)
    if not cut.words:
        return ()
    asked = " ".join(["", *words(instruction), ""])
    found = [span for index in searched for span in _spans_of(index, cut, asked)]
    return tuple(sorted(found, key=lambda span: (span.start, -span.stop)))


def _spans_of(index: TraceIndex, cut: Response, asked: str) -> list[VerbatimSpan]:
    matches = match(index.lexical, list(cut.words))
    surprisal = corpus_surprisal([matches])
    null = index.nulls.get("response")
    spans = []
    for start, stop, nats in rare_stretches(matches, surprisal):
        positions = matches.rows(start, stop)
        spans.append(
            VerbatimSpan(
                start=int(cut.starts[start]),
                stop=int(cut.stops[stop - 1]),
                n_words=stop - start,
                nats=nats,
                n_instances=len(positions),
                rows=tuple(index.instances.rows[positions[:ROWS_KEPT]].tolist()),
                dataset=index.dataset,
                is_style=is_style(matches, start, stop, positions),
                # Words hold no space, so that whole words only are found.
                in_instruction=" ".join(["", *cut.words[start:stop], ""]) in asked,
                null_p=None if null is None else null.p_value(len(cut.words), nats),
            )
        )
    return spans


def is_style(
    matches: Matches, start: int, stop: int, positions: npt.NDArray[np.int64] | None = None
) -> bool:
    """Whether style alone explains a stretch: stock phrase, opening formula, or no content.

    Args:
        matches: of the whole response.
        start: first word of the stretch.
        stop: one past its last.
        positions: (k,) instances that hold it, `matches.rows(start, stop)`, if known already.
    """
    index = matches.index
    # In a small dataset a hundredth is less than one.
    bound = max(COMMON_SHARE * index.n_contents, FEW)
    common = index.frequency[np.maximum(matches.ids[start:stop], 0)] > bound
    if bool(common.all()):
        return True
    holding = matches.rows(start, stop) if positions is None else positions
    if len(holding) >= STOCK and len(np.unique(index.groups[holding])) >= STOCK:
        return True
    return start < STARTER_WORDS and _n_starting(matches, index, start, stop) >= STARTERS


def _n_starting(matches: Matches, index: LexicalIndex, start: int, stop: int) -> int:
    """Instances whose response begins as the response does, up to the stretch's first words."""
    shown = matches.occurrences(start, min(stop, start + STARTER_WORDS))
    fields = field_indices(index, shown)
    offsets = shown - index.fields[fields]
    begins = (fields % FIELDS == FIELDS - 1) & (offsets == start)
    return len(np.unique(index.groups[fields[begins] // FIELDS]))
