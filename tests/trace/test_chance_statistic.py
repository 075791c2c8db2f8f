"""The margin of the best instance, by hand and against a slow implementation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_corpora import content_of, in_memory

from itlim.trace.evidence.null import RIVAL, RIVAL_SHARE, TOPIC_NATS, chance_statistic

ROWS = [("about dogs", "", "1"), ("about cats", "", "2"), ("of cats", "", "3"), ("of", "", "4")]


@pytest.fixture(scope="module")
def index():
    return in_memory(ROWS)


def statistic(index, nats: dict[int, float], instruction="", **options) -> float:
    positions = np.array(list(nats), dtype=np.int64)
    return chance_statistic(index, positions, np.array(list(nats.values())), instruction, **options)


def test_the_statistic_is_the_best_minus_a_share_of_the_third(index):
    assert RIVAL == 3
    assert statistic(index, {2: 9.0, 0: 30.0, 3: 20.0, 1: 5.0}) == pytest.approx(
        30 - RIVAL_SHARE * 9
    )


def test_with_fewer_than_three_instances_nothing_is_subtracted(index):
    assert statistic(index, {2: 9.0, 0: 30.0}) == 30
    assert statistic(index, {}) == 0


def test_topic_adds_to_both_sides(index):
    # "cats" occurs in two of four instances, "dogs" in one.
    cats, dogs = math.log(2), math.log(4)
    share = dogs / (cats + dogs), cats / (cats + dogs)
    found = statistic(index, {0: 10.0, 1: 10.0, 2: 9.0, 3: 8.0}, "cats dogs")
    scores = sorted([10 + TOPIC_NATS * share[0], 10 + TOPIC_NATS * share[1],
                     9 + TOPIC_NATS * share[1], 8.0])  # fmt: skip
    assert found == pytest.approx(scores[-1] - RIVAL_SHARE * scores[-3])


def test_copies_of_the_source_are_not_rivals():
    copies = in_memory([("", "", "1 2")] * 5 + [("", "", "3")])
    assert statistic(copies, dict.fromkeys(range(5), 20.0)) == 20


@settings(deadline=None, max_examples=50)
@given(
    rows=st.lists(st.sampled_from(ROWS), min_size=1, max_size=7),
    nats=st.lists(st.floats(0.5, 40), min_size=7, max_size=7),
)
def test_the_statistic_equals_a_slow_implementation(rows, nats):
    best = {}
    for row, value in zip(rows, nats, strict=False):
        best[content_of(row)] = max(best.get(content_of(row), 0.0), value)
    ranked = [*sorted(best.values(), reverse=True), 0, 0, 0]
    found = statistic(in_memory(rows), dict(enumerate(nats[: len(rows)])))
    assert found == pytest.approx(ranked[0] - RIVAL_SHARE * ranked[RIVAL - 1])


def test_only_the_best_are_compared(index):
    assert statistic(index, {0: 5.0, 1: 9.0, 2: 8.0}, max_compared=2) == 9
