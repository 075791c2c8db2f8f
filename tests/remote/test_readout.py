"""Ranks, first choices, categories and bounds from partly known distributions."""

from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.records import Thresholds
from itlim.remote.bounds import kl_at_least
from itlim.remote.figures import figures
from itlim.remote.readout import Position, Rank


def position(token, probs, top_k, server_rank):
    listed = {one: log(prob) if prob else -inf for one, prob in probs.items()}
    return Position(token_id=token, listed=listed, top_k=top_k, server_rank=server_rank)


# Worked by hand: 0.3 (id 7), then ids 2, 5 and 9 with 0.2 each, then id 1 with 0.1.
# itlim: rank 1 + the number that is strictly greater: 1, 2, 2, 2, 5.
# vLLM: the number that is at least as great: 1, 4, 4, 4, 5; a listed token has its place instead.
TIED = {7: 0.3, 2: 0.2, 5: 0.2, 9: 0.2, 1: 0.1}


@pytest.mark.parametrize(
    ("top_k", "listed", "token", "server_rank", "at_least", "at_most"),
    [
        (3, (7, 2, 5), 5, 3, 2, 2),  # listed in third place: its tie with 2 does not count
        (3, (7, 2, 5, 9), 9, 4, 2, 4),  # as probable as the last one listed, but not listed
        (5, (7, 2, 5, 9, 1), 9, 4, 2, 2),  # all are listed
        (1, (7, 9), 9, 4, 2, 4),
        (0, (9,), 9, 4, 1, 4),
        (0, (7,), 7, 1, 1, 1),
        (4, (7, 2, 5, 9, 1), 1, 5, 5, 5),  # as many listed tokens as vLLM counts are greater
        (3, (7, 2, 5, 1), 1, 5, 4, 5),
    ],
)
def test_ties_share_the_better_rank_wherever_the_list_decides_it(
    top_k, listed, token, server_rank, at_least, at_most
):
    known = position(token, {one: TIED[one] for one in listed}, top_k, server_rank)
    assert known.rank(token) == Rank(at_least=at_least, at_most=at_most)
    truth = 1 + sum(prob > TIED[token] for prob in TIED.values())
    assert at_least <= truth <= at_most


def test_an_unlisted_token_ranks_below_all_that_are_more_probable_than_the_last_listed():
    known = position(7, {7: 0.3, 2: 0.2, 5: 0.2}, 3, 1)
    assert known.rank(1) == Rank(at_least=2, at_most=None)
    known = position(7, {7: 0.3, 2: 0.2, 5: 0.1, 6: 0.05}, 4, 1)
    assert known.rank(1) == Rank(at_least=4, at_most=None)


def test_the_first_choice_is_the_lowest_id_of_a_tie_that_ends_within_the_list():
    known = position(9, {9: 0.3, 2: 0.3, 5: 0.2}, 3, 1)
    assert known.first_choice() == (2, True)
    # Another token may be as probable as both.
    assert position(9, {9: 0.3, 2: 0.3}, 2, 1).first_choice() == (2, False)
    assert position(9, {9: 0.3}, 0, 1).first_choice() == (9, True)
    assert position(9, {9: 0.3}, 0, 2).first_choice() == (None, False)


def test_the_category_is_that_of_the_first_choice_and_open_where_its_rank_is():
    tuned = position(4, {1: 0.6, 4: 0.3}, 2, 2)
    listed = position(4, {7: 0.4, 1: 0.3, 4: 0.2}, 3, 3)
    found = figures(listed, tuned, Thresholds())
    assert (found["tuned_argmax_id"], found["base_rank"], found["category"]) == (1, 2, "marginal")
    assert (found["emitted_rank"], found["category_decided"]) == (3, True)
    # The first choice is not listed: below three more probable tokens it is shifted in any case.
    below = position(4, {7: 0.3, 8: 0.2, 9: 0.15, 4: 0.1}, 4, 4)
    found = figures(below, tuned, Thresholds())
    assert (found["base_rank"], found["base_prob"], found["category"]) == (None, None, "shifted")
    assert found["category_decided"]
    assert not found["base_rank_decided"]
    open_ = position(4, {7: 0.3, 4: 0.2}, 2, 2)
    found = figures(open_, tuned, Thresholds())
    assert (found["base_rank"], found["category"]) == (None, None)


def test_each_direction_of_the_bound_is_in_its_own_column():
    tuned, base = position(1, {1: 0.9, 2: 0.1}, 2, 1), position(1, {1: 0.5, 2: 0.5}, 2, 1)
    found = figures(base, tuned, Thresholds())
    forward = 0.9 * log(1.8) + 0.1 * log(0.2)
    assert found["kl_tuned_base_at_least"] == pytest.approx(forward, abs=1e-4)
    backward = 0.5 * log(1 / 1.8) + 0.5 * log(5)
    assert found["kl_base_tuned_at_least"] == pytest.approx(backward, abs=1e-4)
    assert found["kl_cells"] == 2


def test_a_probability_of_zero_has_no_logarithm_and_no_sentinel():
    base = position(4, {7: 0.9, 4: 0.0}, 1, 300)
    tuned = position(4, {7: 0.6, 4: 0.4}, 2, 2)
    found = figures(base, tuned, Thresholds())
    assert found["emitted_prob"] == 0.0
    assert found["emitted_log_prob"] is None
    assert np.isfinite(found["kl_tuned_base_at_least"])


def test_the_bound_of_a_case_worked_by_hand():
    # P = (.5, .25, .25) and Q = (.25, .25, .5); cells {1} and the rest:
    # .5 ln(.5/.25) + .5 ln(.5/.75) = .3466 - .2027 = .1438; KL = .5 ln 2 - .25 ln 2 = .1733.
    p = {1: log(0.5)}
    bound, cells = kl_at_least(p, {1: log(0.25), 3: log(0.5)})
    assert bound == pytest.approx(0.1438, abs=1e-4)
    assert cells == 1
    whole = kl_at_least(
        {**p, 2: log(0.25), 3: log(0.25)}, {1: log(0.25), 2: log(0.25), 3: log(0.5)}
    )
    assert whole == (pytest.approx(0.25 * log(2), abs=1e-4), 3)


distribution = st.lists(st.floats(-12, 4), min_size=12, max_size=12).map(
    lambda logits: np.exp(logits) / np.exp(logits).sum()
)


def top(probs, count, token):
    order = np.argsort(-probs, kind="stable")[:count]
    return {int(one): log(probs[one]) for one in {*order.tolist(), token}}


@given(
    p=distribution,
    q=distribution,
    k=st.integers(0, 12),
    j=st.integers(0, 12),
    token=st.integers(0, 11),
)
def test_the_bound_never_exceeds_the_divergence_and_equals_it_where_all_is_listed(
    p, q, k, j, token
):
    truth = float((p * (np.log(p) - np.log(q))).sum())
    bound, cells = kl_at_least(top(p, k, token), top(q, j, token))
    assert 0 <= bound <= truth + 1e-9
    assert cells >= 1
    whole, _ = kl_at_least(top(p, 12, token), top(q, 12, token))
    assert whole == pytest.approx(truth, abs=1e-5)


@given(p=distribution, q=distribution, k=st.integers(0, 11), token=st.integers(0, 11))
def test_more_listed_tokens_never_lower_the_bound_by_more_than_the_rounding_allowance(
    p, q, k, token
):
    fewer, _ = kl_at_least(top(p, 12, token), top(q, k, token))
    more, _ = kl_at_least(top(p, 12, token), top(q, k + 1, token))
    assert more >= fewer - 1e-4


def test_the_bounds_of_two_directions_differ_as_the_divergences_do():
    p, q = {1: log(0.9), 2: log(0.1)}, {1: log(0.5), 2: log(0.5)}
    assert kl_at_least(p, q)[0] == pytest.approx(0.9 * log(1.8) + 0.1 * log(0.2), abs=1e-4)
    assert kl_at_least(q, p)[0] == pytest.approx(0.5 * log(1 / 1.8) + 0.5 * log(5), abs=1e-4)


def test_a_token_that_the_other_model_excludes_joins_the_rest_so_that_the_bound_is_finite():
    # Cells {2} and the rest, .5 each under both models.
    bound, cells = kl_at_least({1: log(0.5), 2: log(0.5)}, {1: -inf, 2: log(0.5)})
    assert bound == pytest.approx(0, abs=2e-5)
    assert cells == 1
