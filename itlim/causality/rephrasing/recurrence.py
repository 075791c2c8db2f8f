"""Does a phrase stand in another answer, and whose words stand there instead?"""

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from itlim.errors import InputError
from itlim.records import Borrowed, Recurrence, RecurringSpan
from itlim.records.traces import is_explained_by_chance
from itlim.text.words import word_offsets, words_with_offsets
from itlim.trace.evidence.keywords import keywords

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

FUZZY_FROM = 0.85
"""Ratio from which on another spelling counts as the same phrase: for "Jim Henson" the ratio of
"Jim Hensen" is .90, of "Tim Benson" .80, of the surname alone .75."""
_JOINING = 2
"""Words that a name may have between its own, as "and the" in "Simon and the Oaks"."""


def recurrence(phrase: str, response: str) -> RecurringSpan:
    """Find a phrase in another answer.

    Words are compared as tracing compares them: casefolded and lightly stemmed. Laid against
    the phrase are all stretches of as many words as it has, one less and one more; the first
    of the most similar ones is taken.

    Args:
        phrase: the marked words.
        response: the other answer.

    Raises:
        InputError: the phrase holds no word.

    >>> recurrence("Jim Henson", "It was made by Jim Hensen.").kind.value
    'fuzzy'
    """
    from rapidfuzz import fuzz

    wanted, _, _ = words_with_offsets(phrase)
    if not wanted:
        raise InputError(f"{phrase!r} holds no letter or digit: mark a word.")
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
    """Where words of a phrase stand in a text in the same order, with a content word among them.

    From each place on, the longest run is taken.

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


def named_stretch(text: str, start: int, stop: int) -> tuple[int, int]:
    """The longest name within a stretch: what of it a reader would mark.

    From a word with a capital or a digit to another such one, with at most two words between
    them ("Tony and Maureen Wheeler"); the first word of a sentence is no name.

    Args:
        text: the response.
        start: first code point of the stretch.
        stop: one past its last.

    Returns:
        Half-open code points; the stretch itself if it holds no name.

    >>> named_stretch("Made by Jim Henson in full. The end.", 0, 36)
    (8, 18)
    """
    best: tuple[int, int] | None = None
    current: tuple[int, int] | None = None
    between = 0
    starts, stops = word_offsets(text)
    for first, last in zip(starts.tolist(), stops.tolist(), strict=True):
        before = text[:first].rstrip()
        begins = not before or before[-1] in ".!?"
        if begins:
            current = None
        if first < start or last > stop:
            continue
        is_name = (text[first].isupper() and not begins) or text[first].isdigit()
        if is_name:
            current = (current[0] if current and between <= _JOINING else first, last)
            between = 0
            if best is None or current[1] - current[0] > best[1] - best[0]:
                best = current
        else:
            between += 1
    return best or (start, stop)


def _common(some: Sequence[str], others: Sequence[str]) -> int:
    """How many words two sequences begin with alike."""
    pairs = zip(some, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def borrowed_stretches(
    indexes: "Sequence[TraceIndex]", *, instruction: str, response: str
) -> tuple[Borrowed, ...]:
    """Rare stretches of an answer that stand in instances of the datasets.

    Left out are stretches that stand in the instruction, that style alone explains, or that
    chance does (p ≥ .05 where the index knows chance).

    Args:
        indexes: of the datasets that the model was tuned on.
        instruction: what the response answers.
        response: the answer.

    Raises:
        InputError: no index.
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
