"""Summaries of runs."""

import json

import pytest
from shift_tables import made_up_shifts, made_up_table

from itlim.records import Thresholds
from itlim.shift.summary import run_summary


def test_a_summary_by_hand():
    shifts = made_up_shifts(4, base_rank=[1, 3, 9, 50], token_id=[5, 6, 7, 0])
    found = run_summary(made_up_table(shifts, texts=["Yes", ".", " No", ""]), Thresholds())
    assert found["n_tokens"] == 3, "the end of sequence is not counted"
    assert found["categories"]["marginal"] == {"count": 1, "share": pytest.approx(1 / 3)}
    assert found["categories"]["shifted"]["count"] == 1
    assert found["mean"]["kl_tuned_base"] == pytest.approx(shifts.kl_tuned_base[:3].mean())
    assert found["sentences"]["n"] == 2
    assert found["sentences"]["n_with_rest"] == 1
    assert found["sentences"]["rest"] == pytest.approx(shifts.kl_tuned_base[1])
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_other_thresholds_change_the_counts_without_measuring_again():
    table = made_up_table(made_up_shifts(3, base_rank=[1, 3, 9]))
    found = run_summary(table, Thresholds(marginal_above=3, shifted_above=8))
    counts = {name: one["count"] for name, one in found["categories"].items()}
    assert counts == {"unshifted": 2, "marginal": 0, "shifted": 1}


def test_a_response_with_only_an_end_token_has_null_means():
    found = run_summary(made_up_table(made_up_shifts(1, token_id=[0])), Thresholds())
    assert found["n_tokens"] == 0
    assert found["mean"]["js"] is None
    assert found["categories"]["shifted"]["share"] is None
