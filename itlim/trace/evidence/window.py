"""The window of a text that aligns best with a span, if neither contains the other verbatim.

A span of up to SLID_UP_TO characters slides over the whole text. A longer one would take
milliseconds per text, so it is tried only where an exact run or one of its longest words
matches; if the text contains none of these, it is not aligned.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from itlim.text.words import word_offsets

SLID_UP_TO = 64
"""Characters: rapidfuzz slides a span of this length in one machine word."""
_SEED_WORDS = 8
_SEED_PLACES = 4
"""Occurrences tried of each seed word."""
_SLACK = 0.15
"""A window's margin on both sides, as a share of the span's length."""

Bounds = list[tuple[int, int]]
"""First and one-past-last character of each word."""


def best_window(
    span: str, text: str, anchors: Sequence[tuple[int, int]]
) -> tuple[int, int, float] | None:
    """The part of the text that aligns best with the span, and its ratio; None if not aligned."""
    from rapidfuzz import fuzz

    if not span.strip() or not text.strip():
        return None
    if len(text) <= len(span):
        return 0, len(text), fuzz.ratio(span, text) / 100
    if len(span) <= SLID_UP_TO:
        # The text is longer, so the span is what slides.
        found: Any = fuzz.partial_ratio_alignment(span, text)
        return found.dest_start, found.dest_end, found.score / 100
    shifts = _likely_shifts(span, text, anchors)
    windows = (_window_at(span, text, shift) for shift in shifts)
    return max(windows, key=lambda window: window[2], default=None)


def _likely_shifts(span: str, text: str, anchors: Sequence[tuple[int, int]]) -> list[int]:
    """The at most two offsets (text minus span position) with the most matching characters."""
    votes: Counter[int] = Counter()
    slack = max(1, round(_SLACK * len(span)))
    for span_place, text_place, weight in _seeds(span, text, anchors):
        votes[round((text_place - span_place) / slack)] += weight
    return [bin_ * slack for bin_, _ in votes.most_common(2)]


def _seeds(
    span: str, text: str, anchors: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, int]]:
    for span_place, text_place in anchors:
        yield span_place, text_place, SLID_UP_TO
    for start, word in _seed_words(span):
        place = text.find(word)
        for _ in range(_SEED_PLACES):
            if place < 0:
                break
            yield start, place, len(word)
            place = text.find(word, place + 1)


@lru_cache(maxsize=64)
def _seed_words(span: str) -> list[tuple[int, str]]:
    """The longest words of a span with their first character; cached for its other candidates."""
    longest = sorted(word_bounds(span), key=lambda bounds: bounds[0] - bounds[1])[:_SEED_WORDS]
    return [(start, span[start:stop]) for start, stop in longest]


def _window_at(span: str, text: str, shift: int) -> tuple[int, int, float]:
    """The part of the text around an offset that aligns best with the span."""
    from rapidfuzz import fuzz
    from rapidfuzz.distance import Indel

    slack = max(1, round(_SLACK * len(span)))
    low, high = max(0, shift - slack), min(len(text), shift + len(span) + slack)
    equal = [
        (block.dest_start, block.dest_end)
        for block in Indel.opcodes(span, text[low:high])
        if block.tag == "equal"
    ]
    if not equal:
        return low, low, 0.0
    start, stop = densest(equal, len(span))
    return low + start, low + stop, fuzz.ratio(span, text[low + start : low + stop]) / 100


def densest(equal: Sequence[tuple[int, int]], span_length: int) -> tuple[int, int]:
    """The part of the text with the highest ratio that starts and ends at equal blocks.

    An alignment also matches stray characters beyond the ends of a copy. This trims them: it
    maximizes the ratio 2 · equal / (span_length + length) by Dinkelbach's method, each step of
    which is a maximum-sum run of consecutive blocks.

    Args:
        equal: start and stop of each block of equal characters, ascending.
        span_length: characters of the span.
    """
    best = (equal[0][0], equal[-1][1])
    ratio = 0.0
    while True:
        n_equal = sum(stop - start for start, stop in equal if best[0] <= start and stop <= best[1])
        better = 2 * n_equal / (span_length + best[1] - best[0])
        if better <= ratio:
            return best
        ratio = better
        best = _largest_sum(equal, ratio)


def _largest_sum(equal: Sequence[tuple[int, int]], price: float) -> tuple[int, int]:
    """The run of blocks with the largest sum: 2 per equal character − `price` per character."""
    best, best_sum = equal[0], float("-inf")
    begin, total, last = equal[0][0], 0.0, equal[0][0]
    for start, stop in equal:
        total -= price * (start - last)
        if total <= 0:
            begin, total = start, 0.0
        total += (2 - price) * (stop - start)
        last = stop
        if total > best_sum:
            best, best_sum = (begin, stop), total
    return best


@lru_cache(maxsize=256)
def word_bounds(text: str) -> Bounds:
    """First and one-past-last character of each word; cached, as one span is aligned many times."""
    starts, stops = word_offsets(text)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
