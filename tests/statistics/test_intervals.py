"""Intervals against scipy and their definitions, and cases without an interval."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from itlim.errors import InputError
from itlim.statistics.intervals import (
    bootstrap_interval,
    bootstrap_interval_of_sums,
    share_interval,
    wilson_interval,
)


def test_the_interval_resamples_responses_not_tokens():
    # Two responses of 500 equal tokens each: over tokens, the interval would be tiny.
    responses = [np.zeros(500), np.ones(500)]
    mean = lambda drawn: float(np.concatenate(drawn).mean())  # noqa: E731
    assert bootstrap_interval(responses, mean) == (0.0, 1.0)


def test_the_interval_of_a_mean_has_the_textbook_width():
    values = np.random.default_rng(3).normal(5, 2, 200).tolist()
    low, high = bootstrap_interval(values, lambda drawn: float(np.mean(drawn)))
    standard_error = np.std(values) / np.sqrt(200)
    assert (high - low) / (2 * 1.96 * standard_error) == pytest.approx(1, abs=0.1)
    assert low < np.mean(values) < high


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=10), st.integers(0, 5))
def test_bounds_are_ordered_and_repeatable(values, seed):
    mean = lambda drawn: float(np.mean(drawn))  # noqa: E731
    first = bootstrap_interval(values, mean, resamples=50, seed=seed)
    assert first == bootstrap_interval(values, mean, resamples=50, seed=seed)
    assert min(values) - 1e-9 <= first[0] <= first[1] <= max(values) + 1e-9


def test_one_response_or_an_undefined_statistic_has_no_interval():
    assert bootstrap_interval([1.0], lambda drawn: 1.0) is None
    assert bootstrap_interval([1.0, 2.0], lambda drawn: None) is None
    with pytest.raises(InputError):
        bootstrap_interval([1.0, 2.0], lambda drawn: 1.0, level=95)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=10, unique=True), st.integers(0, 5))
def test_the_bootstrap_equals_the_percentile_bootstrap_of_scipy(values, seed):
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=200, method="percentile", rng=np.random.default_rng(seed)
    )
    ours = bootstrap_interval(values, lambda drawn: float(np.mean(drawn)), resamples=200, seed=seed)
    assert ours == pytest.approx(tuple(theirs.confidence_interval))


@pytest.mark.parametrize(("every", "is_given"), [(20, True), (18, False)])
def test_up_to_five_resamples_in_a_hundred_may_be_undefined(every, is_given):
    calls = iter(range(1, 10_000))
    undefined_now_and_then = lambda drawn: None if next(calls) % every == 0 else sum(drawn)  # noqa: E731
    found = bootstrap_interval([1.0, 2.0, 4.0], undefined_now_and_then, resamples=200)
    assert (found is not None) == is_given


def test_the_interval_of_sums_agrees_with_drawing_responses():
    rng = np.random.default_rng(7)
    sums = rng.random((20, 2)) + 0.1
    ratio = lambda drawn: drawn[:, 0] / drawn[:, 1]  # noqa: E731
    one_by_one = bootstrap_interval(
        list(sums), lambda drawn: float(ratio(sum(drawn)[None])[0]), resamples=4000
    )
    found = bootstrap_interval_of_sums(sums, ratio, resamples=4000)
    assert found == pytest.approx(one_by_one, abs=0.02)
    assert bootstrap_interval_of_sums(sums, ratio, seed=3) == bootstrap_interval_of_sums(
        sums, ratio, seed=3
    )


def test_one_response_or_mostly_undefined_sums_have_no_interval():
    assert bootstrap_interval_of_sums(np.ones((1, 1)), lambda drawn: drawn[:, 0]) is None
    lone = np.array([[1.0], [0.0], [0.0]])
    undefined_without_it = lambda drawn: np.where(drawn[:, 0] > 0, drawn[:, 0], np.nan)  # noqa: E731
    assert bootstrap_interval_of_sums(lone, undefined_without_it) is None
    with pytest.raises(InputError):
        bootstrap_interval_of_sums(lone, lambda drawn: drawn[:, 0], level=0)


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_wilson_interval_solves_the_score_equation(count, others):
    n = count + others
    assume(n)
    low, high = wilson_interval(count, n)
    assert 0 <= low <= count / n <= high <= 1
    for edge in (low, high):
        if 0 < edge < 1:
            distance = abs(count / n - edge) / np.sqrt(edge * (1 - edge) / n)
            assert distance == pytest.approx(1.959964, abs=1e-4)


def test_a_share_of_zero_draws_has_no_interval():
    assert wilson_interval(0, 0) is None
    with pytest.raises(InputError):
        wilson_interval(3, 2)


@given(st.integers(0, 300), st.integers(1, 300))
def test_the_wilson_interval_equals_scipys_for_whole_counts(count, n):
    assume(count <= n)
    theirs = stats.binomtest(count, n).proportion_ci(method="wilson")
    assert wilson_interval(count, n) == pytest.approx(tuple(theirs))


def test_the_interval_of_a_fractional_count_is_between_its_neighbors():
    below, between, above = (wilson_interval(count, 10) for count in (3, 3.5, 4))
    assert below[0] < between[0] < above[0]
    assert below[1] < between[1] < above[1]


@pytest.mark.parametrize("hits", [0, 1])
def test_a_share_of_none_or_all_has_an_interval_that_narrows_with_the_clusters(hits):
    intervals = [share_interval(np.array([[hits * 5.0, 5.0]] * n)) for n in (2, 5, 50)]
    widths = [high - low for low, high in intervals]
    assert widths == sorted(widths, reverse=True)
    assert all(low < high and low <= hits <= high for low, high in intervals)
    # Five units in each cluster say no more than one: they may be alike.
    assert intervals[1] == wilson_interval(5 * hits, 5)
    assert share_interval(np.array([[hits * 5.0, 5.0]])) is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=2, max_size=9))
def test_another_share_has_the_bootstrap_interval(counts):
    sums = np.array([(min(hits, units), units) for hits, units in counts], float)
    assume(0 < sums[:, 0].sum() < sums[:, 1].sum())
    ratio = lambda drawn: drawn[:, 0] / drawn[:, 1]  # noqa: E731
    assert share_interval(sums) == bootstrap_interval_of_sums(sums, ratio)
