"""Find whether a phrase recurs in another answer, and which words that answer borrows."""

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from itlim.errors import InputError
from itlim.records import Borrowed, Recurrence, RecurringSpan
from itlim.records.traces import is_explained_by_chance
from itlim.text.words import words_with_offsets
from itlim.trace.evidence.keywords import keywords

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

FUZZY_FROM = 0.85
"""Minimum ratio at which another spelling counts as the same phrase: compared with "Jim Henson",
"Jim Hensen" has .90, "Tim Benson" .80 and the surname alone .75."""


def recurrence(phrase: str, response: str) -> RecurringSpan:
    """Find a phrase in another answer.

    Words are casefolded and lightly stemmed, as in tracing. The phrase is compared with every
    span of as many words, one word less and one word more; the first of the most similar spans
    is returned.

    Args:
        phrase: the marked words.
        response: the other answer.

    Raises:
        InputError: the phrase contains no word.

    >>> recurrence("Jim Henson", "It was made by Jim Hensen.").kind.value
    'fuzzy'
    """
    from rapidfuzz import fuzz

    wanted, _, _ = words_with_offsets(phrase)
    if not wanted:
        raise InputError(f"{phrase!r} contains no letter or digit: mark a word.")
    found, starts, stops = words_with_offsets(response)
    sizes = [size for size in (len(wanted), len(wanted) - 1, len(wanted) + 1) if size > 0]
    text = " ".join(wanted)
    best, place = 0.0, None
    for size in sizes:
        for first in range(len(found) - size + 1):
            ratio = fuzz.ratio(text, " ".join(found[first : first + size])) / 100
            if ratio > best:
                best, place = ratio, (int(starts[first]), int(stops[first + size - 1]))
    kind = Recurrence.EXACT if best == 1.0 else Recurrence.FUZZY
    return RecurringSpan(
        kind=kind if best >= FUZZY_FROM else Recurrence.GONE,
        start=place[0] if place else None,
        stop=place[1] if place else None,
        similarity=best,
    )


def shared_runs(phrase: str, text: str) -> list[tuple[int, int]]:
    """Runs of words that a text shares with a phrase, in the same order, with a content word.

    At each position, the longest run is used.

    Args:
        phrase: the marked words.
        text: a field of an instance.

    Returns:
        Half-open code-point ranges of the text, ascending.

    >>> shared_runs("created by Jim Henson", "It was created by Jim Henson and others.")
    [(7, 28)]
    """
    wanted, _, _ = words_with_offsets(phrase)
    found, starts, stops = words_with_offsets(text)
    runs, place = [], 0
    while place < len(found):
        length = max(
            (_common(wanted[first:], found[place:]) for first in range(len(wanted))), default=0
        )
        if length and keywords(text[starts[place] : stops[place + length - 1]]):
            runs.append((int(starts[place]), int(stops[place + length - 1])))
        place += max(length, 1)
    return runs


def _common(some: Sequence[str], others: Sequence[str]) -> int:
    """Length of the common prefix of two sequences of words."""
    pairs = zip(some, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def borrowed_stretches(
    indexes: "Sequence[TraceIndex]", *, instruction: str, response: str
) -> tuple[Borrowed, ...]:
    """Rare spans of an answer that occur verbatim in instances of the datasets.

    Omits spans that occur in the instruction, that consist only of style, or that are as likely
    by chance (p ≥ .05, if the index has a chance baseline).

    Args:
        indexes: indexes of the datasets on which the model was tuned.
        instruction: the instruction that the response answers.
        response: the answer.

    Raises:
        InputError: `indexes` is empty.
    """
    from itlim.trace.verbatim import verbatim_spans

    return tuple(
        Borrowed(
            start=span.start,
            stop=span.stop,
            quote=response[span.start : span.stop],
            nats=span.nats,
            null_p=span.null_p,
            instance_ids=tuple(f"{span.dataset}-{row}" for row in span.rows),
            n_instances=span.n_instances,
        )
        for span in verbatim_spans(indexes, instruction=instruction, response=response)
        if not (span.is_style or span.in_instruction or is_explained_by_chance(span.null_p))
    )
