"""Witten–Bell models against a plain dictionary implementation, and hand-worked cases."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.trace.provenance.ngrams import NgramStream, joined_stream

TEXTS = st.lists(st.lists(st.integers(1, 4), max_size=6), min_size=2, max_size=5)


def slow_probability(texts, order, history, word, uniform):
    """The interpolated probability by its definition; None marks the start of a text."""
    probability = uniform
    for length in range(order):
        padded = [None] * (order - 1) + list(history)
        context = tuple(padded[len(padded) - length :])
        after = Counter()
        for text in texts:
            marked = [None] * (order - 1) + list(text)
            for place in range(order - 1, len(marked)):
                if tuple(marked[place - length : place]) == context:
                    after[marked[place]] += 1
        if after:
            total = after.total() + len(after)
            probability = (after[word] + len(after) * probability) / total
    return probability


def arrays(texts):
    return [np.array(text, dtype=np.int64) for text in texts]


@given(TEXTS, st.integers(1, 4))
def test_probabilities_are_those_of_the_definition(texts, order):
    stream, owner = joined_stream(arrays(texts), order)
    grams = NgramStream.of(stream, order)
    wanted = (owner == 0) & grams.is_word
    found = grams.probabilities(owner > 0, wanted, uniform=0.1)
    expected = [
        slow_probability(texts[1:], order, texts[0][:place], word, 0.1)
        for place, word in enumerate(texts[0])
    ]
    assert found.tolist() == pytest.approx(expected)


@given(TEXTS, st.integers(1, 3))
def test_texts_of_another_group_are_not_counted(texts, order):
    stream, owner = joined_stream(arrays(texts), order)
    groups = owner % 2
    grams = NgramStream.of(stream, order, groups)
    wanted = (owner == 0) & grams.is_word
    found = grams.probabilities(owner > 0, wanted, uniform=0.1)
    alone = [text for place, text in enumerate(texts) if place and place % 2 == 0]
    expected = [
        slow_probability(alone, order, texts[0][:place], word, 0.1)
        for place, word in enumerate(texts[0])
    ]
    assert found.tolist() == pytest.approx(expected)


def test_a_case_worked_by_hand():
    # Counted: "1 2 1". Of one word: c(1) = 2, c(2) = 1, t = 2, and uniform = 1/4:
    # p(1) = (2 + 2/4) / 5 = .5 and p(2) = (1 + 2/4) / 5 = .3.
    # After 1: c(1 2) = 1, t(1) = 1, so p(2 | 1) = (1 + .3) / 2 = .65.
    # At the start: c(start 1) = 1, t = 1, so p(1 | start) = (1 + .5) / 2 = .75.
    stream, owner = joined_stream(arrays([[1, 2], [1, 2, 1]]), 2)
    grams = NgramStream.of(stream, 2)
    found = grams.probabilities(owner == 1, (owner == 0) & grams.is_word, uniform=0.25)
    assert found.tolist() == pytest.approx([0.75, 0.65])


def test_probabilities_of_all_words_sum_to_one_after_any_history():
    counted = [[1, 2, 3, 1, 2], [2, 2, 3]]
    totals = defaultdict(float)
    for history in ([], [1], [1, 2], [3, 3]):
        for word in (1, 2, 3, 4):
            stream, owner = joined_stream(arrays([[*history, word], *counted]), 3)
            grams = NgramStream.of(stream, 3)
            last = np.flatnonzero((owner == 0) & grams.is_word)[-1]
            wanted = np.arange(len(stream)) == last
            totals[tuple(history)] += grams.probabilities(owner > 0, wanted, uniform=0.25)[0]
    assert list(totals.values()) == pytest.approx([1.0] * 4)


def test_with_nothing_counted_all_words_are_equally_likely():
    stream, owner = joined_stream(arrays([[1, 2], [3]]), 3)
    grams = NgramStream.of(stream, 3)
    found = grams.probabilities(owner > 5, grams.is_word, uniform=0.125)
    assert found.tolist() == [0.125] * 3
