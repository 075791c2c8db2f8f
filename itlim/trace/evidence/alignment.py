"""Fuzzy alignment of a span with an instance's text, for the few instances that are shown.

Exact runs say where words were copied; this says what else is nearly the same: "colour" for
"color", a dropped word. It never ranks by itself, and it looks at the shortlist only, since
over a whole dataset it takes half a second and up to ten.

A long span whose words the text lacks altogether is not compared: its ratio is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from itlim.records import CopiedRun, InstanceField
from itlim.trace.evidence.window import Places, best_window, word_places

SHOWN_FROM = 0.6
"""Ratio below which no stretch is shown: any two English texts reach half of it."""
_SAME_WORD = 0.7
"""Share of equal letters from which two aligned words count as the same."""
_SHORTEST_STRETCH = 5
"""Letters: a lone "the" for "the" says nothing."""
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How a span lies on a text."""

    ratio: float
    """0 to 1: twice the equal characters over both lengths, in the best window of the text that
    is no longer than the span; case does not count."""
    runs: tuple[CopiedRun, ...]
    """Nearly equal stretches of whole words outside the exact runs; fuzzy, without nats."""


def align(
    response: str,
    start: int,
    stop: int,
    text: str,
    *,
    field: InstanceField = InstanceField.RESPONSE,
    exact: Sequence[CopiedRun] = (),
) -> Alignment:
    """Lay the span `response[start:stop]` on a field of an instance.

    Args:
        response: the traced response.
        start: the span's first code point.
        stop: one past its last.
        text: the instance's field.
        field: which one it is.
        exact: runs known to be copied word for word; those of other fields do not matter.
    """
    span, folded = _folded(response[start:stop]), _folded(text)
    here = [run for run in exact if run.field is field]
    window = best_window(span, folded, [(run.span_start - start, run.start) for run in here])
    if window is None:
        return Alignment(ratio=0.0, runs=())
    low, high, ratio = window
    if ratio < SHOWN_FROM:
        return Alignment(ratio=ratio, runs=())
    low, high = _snapped(folded, low, high)
    taken = (
        _covered(len(span), [(run.span_start - start, run.span_stop - start) for run in here]),
        _covered(high - low, [(run.start - low, run.stop - low) for run in here]),
    )
    stretches = _stretches(span, folded[low:high], taken)
    return Alignment(
        ratio=ratio,
        runs=tuple(
            CopiedRun(
                span_start=start + span_start,
                span_stop=start + span_stop,
                field=field,
                start=low + text_start,
                stop=low + text_stop,
                nats=0.0,
                n_instances=0,
                is_fuzzy=True,
            )
            for span_start, span_stop, text_start, text_stop in stretches
        ),
    )


def best_place(span: str, text: str) -> tuple[int, int, float] | None:
    """Where a text of its own lies best on another, widened to whole words.

    Returns:
        First and one-past-last code point, and the ratio; None if it was laid nowhere.
    """
    folded = _folded(text)
    window = best_window(_folded(span), folded, [])
    if window is None:
        return None
    low, high, ratio = window
    return (*_snapped(folded, low, high), ratio)


def _folded(text: str) -> str:
    """Lower case with the same number of characters, so that offsets stay."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _snapped(text: str, low: int, high: int) -> tuple[int, int]:
    """The window widened to whole words; a script without spaces gives way only so far."""
    first, last = max(0, low - _LONGEST_WORD), min(len(text), high + _LONGEST_WORD)
    while low > first and text[low - 1].isalnum():
        low -= 1
    while high < last and text[high].isalnum():
        high += 1
    return low, high


def _covered(length: int, intervals: Sequence[tuple[int, int]]) -> bytearray:
    """1 for each character that lies in an interval."""
    covered = bytearray(length)
    for start, stop in intervals:
        low, high = max(0, start), min(length, stop)
        covered[low:high] = b"\1" * (high - low)
    return covered


def _stretches(
    span: str, window: str, taken: tuple[bytearray, bytearray]
) -> list[tuple[int, int, int, int]]:
    """Consecutive words that are nearly the same on both sides, outside what is taken."""
    places, others = word_places(span), word_places(window)
    lies_on = _words_under(span, window, others)
    found: list[tuple[int, int, int, int]] = []
    last = (-2, -2)
    for word, (start, stop) in enumerate(places):
        other = None if 1 in taken[0][start:stop] else _same_word(lies_on[start:stop], others)
        if other is None or 1 in taken[1][slice(*others[other])]:
            continue
        first, _, other_first, _ = (
            found.pop() if last == (word - 1, other - 1) else (start, stop, *others[other])
        )
        found.append((first, stop, other_first, others[other][1]))
        last = (word, other)
    return [stretch for stretch in found if stretch[1] - stretch[0] >= _SHORTEST_STRETCH]


def _same_word(lies_on: list[int | None], others: Places) -> int | None:
    """The window's word that a word of the span nearly equals; None if there is none."""
    letters = [other for other in lies_on if other is not None]
    if not letters:
        return None
    other = max(letters, key=letters.count)
    both = len(lies_on) + others[other][1] - others[other][0]
    return other if 2 * letters.count(other) >= _SAME_WORD * both else None


def _words_under(span: str, window: str, others: Places) -> list[int | None]:
    """For each character of the span, the window's word that holds its equal."""
    from rapidfuzz.distance import Indel

    word_at = _words_at(len(window), others)
    lies_on: list[int | None] = [None] * len(span)
    for block in Indel.opcodes(span, window):
        if block.tag == "equal":
            lies_on[block.src_start : block.src_end] = word_at[block.dest_start : block.dest_end]
    return lies_on


def _words_at(length: int, places: Places) -> list[int | None]:
    """Which word each character belongs to."""
    words: list[int | None] = [None] * length
    for word, (start, stop) in enumerate(places):
        words[start:stop] = [word] * (stop - start)
    return words
