"""Ranks to hit rates: worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.trace_scores import bootstrap_mean, right_rank, score, table


def test_five_cases_by_hand():
    found = score("clause", "some", [1, 2, None, 1, 8])
    assert found.n == 5
    assert found.hit_1.value == pytest.approx(2 / 5)
    assert found.hit_5.value == pytest.approx(3 / 5)
    assert found.mrr.value == pytest.approx((1 + 1 / 2 + 0 + 1 + 1 / 8) / 5)


def test_the_first_right_row_counts_and_a_missing_one_is_none():
    assert right_rank([4, 9, 2], frozenset({2, 9})) == 2
    assert right_rank([4], frozenset({2})) is None
    assert right_rank([], frozenset({2})) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_interval_holds_the_mean(values):
    found = bootstrap_mean(np.array(values))
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert min(values) - 1e-9 <= found.low
    assert found.high <= max(values) + 1e-9


def test_the_interval_has_the_width_of_the_normal_approximation():
    values = np.repeat([0.0, 1.0], [140, 60])
    found = bootstrap_mean(values)
    half = 1.96 * (0.3 * 0.7 / 200) ** 0.5
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)


def test_the_table_has_a_block_a_kind():
    text = table([score("clause", "a", [1, None]), score("clause", "b", [1]), score("x", "a", [3])])
    assert [line.split()[0] for line in text.splitlines() if line] == [
        "clause,",
        "a",
        "b",
        "x,",
        "a",
    ]
    assert ".50 [" in text
