"""A run's numbers from its table; intervals from whole responses."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shift_tables import made_up_shifts, made_up_table

from itlim.errors import InputError
from itlim.records import Thresholds
from itlim.shift.summary import run_summary
from itlim.statistics.intervals import bootstrap_interval


def test_a_summary_by_hand():
    shifts = made_up_shifts(4, base_ranks=[1, 3, 9, 50], token_ids=[5, 6, 7, 0])
    found = run_summary(made_up_table(shifts, texts=["Yes", ".", " No", ""]), Thresholds())
    assert found["n_tokens"] == 3, "the end of sequence is not counted"
    assert found["categories"]["marginal"] == {"count": 1, "share": pytest.approx(1 / 3)}
    assert found["categories"]["shifted"]["count"] == 1
    assert found["mean"]["kl_tuned_base"] == pytest.approx(shifts.kl_tuned_base[:3].mean())
    assert found["sentences"]["n"] == 2
    assert found["sentences"]["n_with_rest"] == 1
    assert found["sentences"]["rest"] == pytest.approx(shifts.kl_tuned_base[1])
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_other_thresholds_move_the_counts_without_measuring_again():
    table = made_up_table(made_up_shifts(3, base_ranks=[1, 3, 9]))
    found = run_summary(table, Thresholds(marginal_above=3, shifted_above=8))
    counts = {name: one["count"] for name, one in found["categories"].items()}
    assert counts == {"unshifted": 2, "marginal": 0, "shifted": 1}


def test_a_response_of_nothing_but_its_end_has_null_means():
    found = run_summary(made_up_table(made_up_shifts(1, token_ids=[0])), Thresholds())
    assert found["n_tokens"] == 0
    assert found["mean"]["js"] is None
    assert found["categories"]["shifted"]["share"] is None


def test_the_interval_resamples_responses_and_not_their_tokens():
    # Two responses of 500 equal tokens each: by tokens the interval would be tiny.
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
