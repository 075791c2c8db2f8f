"""From effects to figures: one case worked by hand, and an oracle for each formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tests.benchmarks.bench_leave_out import text_of
from tests.benchmarks.leave_out_cases import CausalCase, GroupEffect
from tests.benchmarks.leave_out_foretell import dependence
from tests.benchmarks.leave_out_scores import (
    cluster_mean,
    oracle_outcome,
    outcome,
    random_outcome,
    ranked,
    spearman,
)
from tests.benchmarks.leave_out_truth import truths
from tests.benchmarks.trace_scores import bootstrap_mean

NONE = -np.inf


def case(**changes):
    """Of 7 instances 5 were left out; places 2 and 5 hold the phrase, 5 is the strongest."""
    values = {
        "case_id": "0-q-answer",
        "seed": 0,
        "split": "dev",
        "is_main": True,
        "instruction": "Who wrote Emma?",
        "response": "Emma was written by Jane Doe.",
        "span_start": 20,
        "span_stop": 28,
        "quote": "Jane Doe",
        "n_holders": 2,
        "positions": np.array([0, 2, 3, 5, 6]),
        "drops": np.array([0.1, 0.5, -0.2, 1.5, 0.0]),
        "gone": np.array([False, False, True, True, False]),
        "holds": np.array([False, True, False, True, False]),
        "group": GroupEffect(positions=frozenset({2, 5}), drop=2.5, gone=True),
    }
    return CausalCase(**(values | changes))


def test_a_method_that_names_the_weaker_holder_first():
    found = outcome(case(), np.array([NONE, NONE, 9.0, NONE, NONE, 8.0, NONE]))
    assert (found.hit_1, found.hit_3) == (0.0, 1.0)
    assert (found.gone, found.gone_less_oracle) == (0.0, -1.0)
    assert (found.drop, found.drop_less_oracle) == (0.5, -1.0)
    assert (found.first_known, found.group_found) == (1.0, 1.0)


def test_what_was_not_left_out_alone_is_passed_over_and_told():
    found = outcome(case(), np.array([1.0, 7.0, NONE, 2.0, 9.0, 5.0, NONE]))
    assert found.first_known == 0.0, "place 4 was not left out"
    assert (found.hit_1, found.gone, found.drop) == (1.0, 1.0, 1.5), "then 1, then 5"
    assert found.group_found == 0.0


def test_who_names_nothing_removes_nothing():
    found = outcome(case(), np.full(7, NONE))
    assert (found.hit_1, found.hit_3, found.gone, found.drop) == (0.0, 0.0, 0.0, 0.0)
    assert found.spearman == 0.0
    assert np.isnan(found.first_known)


def test_without_a_strong_effect_there_is_nothing_to_find():
    weak = case(drops=np.array([0.1, 0.5, -0.2, 0.9, 0.0]), group=None)
    found = outcome(weak, np.arange(7.0))
    assert np.isnan(found.hit_1)
    assert np.isnan(found.group_found)
    assert found.drop_less_oracle == pytest.approx(0.0 - 0.9), "place 6 first"


def test_the_oracle_loses_nothing_and_among_holders_names_no_other():
    best = oracle_outcome(case())
    assert (best.hit_1, best.gone, best.drop) == (1.0, 1.0, 1.5)
    assert best.spearman == pytest.approx(1.0)
    assert best.drop_less_oracle == 0.0
    unheld = case(holds=np.zeros(5, dtype=bool))
    assert oracle_outcome(unheld, holders_only=True).drop == 0.0


def test_a_blind_choice_is_the_mean_over_single_removals():
    found = random_outcome(case())
    assert found.hit_1 == pytest.approx(1 / 5)
    assert found.hit_3 == pytest.approx(3 / 5)
    assert found.gone == pytest.approx(2 / 5)
    assert found.drop == pytest.approx(1.9 / 5)
    assert found.gone_less_oracle == pytest.approx(2 / 5 - 1)


def test_equal_scores_are_in_one_order_that_is_not_the_datasets():
    orders = ranked(np.ones(50))
    assert orders == ranked(np.full(50, 3.0))
    assert sorted(orders) == list(range(50)) != orders


@given(
    st.lists(
        st.tuples(st.integers(-3, 3), st.floats(-2, 2).map(lambda x: round(x, 1))),
        min_size=3,
        max_size=30,
    ).filter(lambda pairs: all(len(set(one)) > 1 for one in zip(*pairs, strict=True)))
)
def test_spearman_is_scipys(pairs):
    scores, effects = np.array(pairs, dtype=float).T
    assert spearman(scores, effects) == pytest.approx(spearmanr(scores, effects).statistic)
    named = np.where(scores == scores.min(), NONE, scores)
    assert spearman(named, effects) == pytest.approx(spearman(scores, effects))


def test_with_one_case_a_question_the_interval_is_the_plain_bootstraps():
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 3.0, 0.5])
    found, n = cluster_mean(values, [f"question {number}" for number in range(7)])
    assert n == 7
    assert found == bootstrap_mean(values)


def test_cases_of_one_question_are_drawn_together():
    values = np.tile([0.0, 1.0], 40)
    apart, _ = cluster_mean(values, [f"{number:02}" for number in range(80)])
    together, _ = cluster_mean(values, [f"{number % 2}" for number in range(80)])
    assert apart.value == together.value == 0.5
    assert together.high - together.low == 1.0, "two questions: all or nothing"
    assert apart.high - apart.low < 0.3


def test_undefined_values_are_left_out_and_counted():
    found, n = cluster_mean(np.array([np.nan, 2.0, 4.0, np.nan]), list("abcd"))
    assert (found.value, n) == (3.0, 2)
    assert cluster_mean(np.array([np.nan]), ["a"]) == (None, 0)


def test_truths_of_a_unique_and_a_shared_source():
    unique = case(
        n_holders=1,
        group=None,
        holds=np.array([False, True, False, False, False]),
        instruction="Another?",
    )
    facts = {claim: (estimate, n) for claim, estimate, n in truths([case(), unique])}
    assert facts["held by one: gone without it"][0].value == 0.0
    assert facts["held by one: no other instance has more effect"][0].value == 0.0
    assert facts["held by several: nats without all"][0].value == 2.5
    assert facts["held by several: nats without the strongest holder"][0].value == 1.5
    assert facts["held by none: gone without the strongest instance"] == (None, 0)
    either = facts["effect over 1 nat: the strongest instance holds the phrase"]
    assert (either[0].value, either[1]) == (0.5, 2)
    others = facts["not a holder: gone without it"][0].value
    assert others == pytest.approx((1 / 3 + 2 / 4) / 2)


def test_dependence_is_of_all_that_hold_the_phrase():
    assert dependence(case()) == 2.5
    assert dependence(case(group=None)) is None
    alone = case(n_holders=1, group=None, holds=np.array([False, True, False, False, False]))
    assert dependence(alone) == 0.5


def test_estimates_read_like_shares():
    shown = text_of({"value": 0.5, "low": -0.25, "high": 10.5})
    assert shown == ".50 [-.25, 10.50]"
    assert text_of({"value": 1.0, "low": 0.004, "high": -0.001}) == "1.00 [.00, -.00]"
    assert text_of(None) == "–"
