"""Fuzzy alignment of a span with an instance's text, for the few instances that are shown.

Exact runs mark words that were copied; fuzzy alignment marks what else is nearly the same:
"colour" for "color", or text around a dropped word. It is computed for the shortlist only, since
a whole dataset takes between half a second and ten seconds. It is not a ranking by itself.

A long span that shares no exact run and no long word with the text is not aligned: its ratio is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from itlim.records import CopiedRun, InstanceField
from itlim.trace.evidence.window import Bounds, best_window, word_bounds

SHOWN_FROM = 0.6
"""Ratio below which no aligned text is shown: any two English texts reach half of it."""
_SAME_WORD = 0.7
"""Minimum share of equal letters for two aligned words to count as the same."""
_SHORTEST_STRETCH = 5
"""Characters: a single aligned "the" is not informative."""
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How well a span aligns with a text, and where."""

    ratio: float
    """0 to 1: twice the number of equal characters divided by the sum of both lengths, in the best
    window of the text that is not longer than the span. Case is ignored."""
    runs: tuple[CopiedRun, ...]
    """Nearly equal runs of whole words outside the exact runs; `is_fuzzy`, with 0 nats."""


def align(
    response: str,
    start: int,
    stop: int,
    text: str,
    *,
    field: InstanceField = InstanceField.RESPONSE,
    exact: Sequence[CopiedRun] = (),
) -> Alignment:
    """Align the span `response[start:stop]` with a field of an instance.

    Args:
        response: the traced response.
        start: first code point of the span.
        stop: one past its last.
        text: text of the instance's field.
        field: which field `text` is.
        exact: runs known to be copied word for word; runs of other fields are ignored.
    """
    span, folded = _folded(response[start:stop]), _folded(text)
    here = [run for run in exact if run.field is field]
    window = best_window(span, folded, [(run.span_start - start, run.start) for run in here])
    if window is None:
        return Alignment(ratio=0.0, runs=())
    low, high, ratio = window
    if ratio < SHOWN_FROM:
        return Alignment(ratio=ratio, runs=())
    low, high = _extended_to_words(folded, low, high)
    excluded = (
        _covered(len(span), [(run.span_start - start, run.span_stop - start) for run in here]),
        _covered(high - low, [(run.start - low, run.stop - low) for run in here]),
    )
    aligned = _aligned_runs(span, folded[low:high], excluded)
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
            for span_start, span_stop, text_start, text_stop in aligned
        ),
    )


def best_match(span: str, text: str) -> tuple[int, int, float] | None:
    """Find the part of a text that aligns best with a span, extended to whole words.

    Returns:
        First and one-past-last code point in `text`, and the ratio; None if they were not aligned.
    """
    folded = _folded(text)
    window = best_window(_folded(span), folded, [])
    if window is None:
        return None
    low, high, ratio = window
    return (*_extended_to_words(folded, low, high), ratio)


def _folded(text: str) -> str:
    """Lower-case without changing the number of characters, so that offsets stay valid."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _extended_to_words(text: str, low: int, high: int) -> tuple[int, int]:
    """Extend the window to whole words, by at most `_LONGEST_WORD` for scripts without spaces."""
    first, last = max(0, low - _LONGEST_WORD), min(len(text), high + _LONGEST_WORD)
    while low > first and text[low - 1].isalnum():
        low -= 1
    while high < last and text[high].isalnum():
        high += 1
    return low, high


def _covered(length: int, intervals: Sequence[tuple[int, int]]) -> bytearray:
    """1 for each character inside an interval, else 0."""
    covered = bytearray(length)
    for start, stop in intervals:
        low, high = max(0, start), min(length, stop)
        covered[low:high] = b"\1" * (high - low)
    return covered


def _aligned_runs(
    span: str, window: str, excluded: tuple[bytearray, bytearray]
) -> list[tuple[int, int, int, int]]:
    """Consecutive words that are nearly the same on both sides, outside `excluded`."""
    span_words, others = word_bounds(span), word_bounds(window)
    aligned_words = _aligned_words(span, window, others)
    found: list[tuple[int, int, int, int]] = []
    last = (-2, -2)
    for word, (start, stop) in enumerate(span_words):
        is_excluded = 1 in excluded[0][start:stop]
        other = None if is_excluded else _same_word(aligned_words[start:stop], others)
        if other is None or 1 in excluded[1][slice(*others[other])]:
            continue
        first, _, other_first, _ = (
            found.pop() if last == (word - 1, other - 1) else (start, stop, *others[other])
        )
        found.append((first, stop, other_first, others[other][1]))
        last = (word, other)
    return [run for run in found if run[1] - run[0] >= _SHORTEST_STRETCH]


def _same_word(aligned_words: list[int | None], others: Bounds) -> int | None:
    """The window's word that a word of the span nearly equals; None if there is none."""
    letters = [other for other in aligned_words if other is not None]
    if not letters:
        return None
    other = max(letters, key=letters.count)
    both = len(aligned_words) + others[other][1] - others[other][0]
    return other if 2 * letters.count(other) >= _SAME_WORD * both else None


def _aligned_words(span: str, window: str, others: Bounds) -> list[int | None]:
    """For each character of the span, the window's word that contains the aligned character."""
    from rapidfuzz.distance import Indel

    word_at = _word_of_each_character(len(window), others)
    aligned: list[int | None] = [None] * len(span)
    for block in Indel.opcodes(span, window):
        if block.tag == "equal":
            aligned[block.src_start : block.src_end] = word_at[block.dest_start : block.dest_end]
    return aligned


def _word_of_each_character(length: int, bounds: Bounds) -> list[int | None]:
    """Which word each character belongs to; None between words."""
    words: list[int | None] = [None] * length
    for word, (start, stop) in enumerate(bounds):
        words[start:stop] = [word] * (stop - start)
    return words
