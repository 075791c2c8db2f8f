"""The formulas against hand-worked cases and against sums written out independently."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.errors import NonFiniteError, ShapeError, VocabularyError
from itlim.shift import divergence

P = [0.5, 0.3, 0.2]
Q = [0.1, 0.6, 0.3]


def logits_of(*rows):
    return torch.tensor(np.log(np.array(rows)))


def shifted(rows, by=7.5):
    """Logits are only defined up to a constant."""
    return rows + by


def test_kl_of_unequal_distributions_by_hand():
    # .5 ln 5 + .3 ln .5 + .2 ln(2/3) and .1 ln .2 + .6 ln 2 + .3 ln 1.5
    forward = 0.5 * math.log(5) + 0.3 * math.log(0.5) + 0.2 * math.log(2 / 3)
    backward = 0.1 * math.log(0.2) + 0.6 * math.log(2) + 0.3 * math.log(1.5)
    assert divergence.kl(shifted(logits_of(P)), logits_of(Q)).item() == pytest.approx(forward)
    assert divergence.kl(logits_of(Q), shifted(logits_of(P))).item() == pytest.approx(backward)
    assert forward == pytest.approx(0.51569, abs=1e-5)
    assert backward == pytest.approx(0.37658, abs=1e-5)


def test_js_by_hand_is_symmetric():
    middle = [(p + q) / 2 for p, q in zip(P, Q, strict=True)]
    parts = [sum(a * math.log(a / m) for a, m in zip(d, middle, strict=True)) for d in (P, Q)]
    expected = sum(parts) / 2
    assert divergence.js(shifted(logits_of(P)), logits_of(Q)).item() == pytest.approx(expected)
    assert divergence.js(logits_of(Q), logits_of(P)).item() == pytest.approx(expected)


def test_entropy_by_hand():
    expected = -sum(p * math.log(p) for p in P)
    assert divergence.entropy(shifted(logits_of(P))).item() == pytest.approx(expected)


def test_ranks_are_one_based_and_ties_share_the_better():
    logits = torch.tensor([[2.0, 5.0, 1.0, 2.0]] * 4)
    assert divergence.ranks(logits, torch.arange(4)).tolist() == [2, 1, 4, 2]


def test_top_breaks_ties_by_the_lowest_id():
    ids, probs = divergence.top(torch.tensor([[1.0, 3.0, 3.0, 1.0, 1.0]]), 4)
    assert ids.tolist() == [[1, 2, 0, 3]]
    total = 2 * math.exp(3) + 3 * math.exp(1)
    assert probs[0].tolist() == pytest.approx([math.exp(v) / total for v in (3, 3, 1, 1)])


finite = st.floats(-30, 30)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(finite, finite), min_size=2, max_size=12))
def test_divergences_stay_within_their_bounds(columns):
    p, q = (torch.tensor([list(row)]) for row in zip(*columns, strict=True))
    js = divergence.js(p, q).item()
    assert 0 <= js <= math.log(2) + 1e-12
    assert divergence.kl(p, q).item() >= 0
    assert divergence.kl(p, p).item() == 0
    assert divergence.js(p, p).item() == pytest.approx(0, abs=1e-12)
    assert 0 <= divergence.entropy(p).item() <= math.log(len(columns)) + 1e-9


def test_disjoint_distributions_reach_the_bound():
    left, right = torch.tensor([[0.0, -800.0]]), torch.tensor([[-800.0, 0.0]])
    assert divergence.js(left, right).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("which", ["base", "tuned"])
def test_logits_that_are_not_finite_are_an_error(bad, which):
    logits = {"base": torch.zeros(2, 5), "tuned": torch.zeros(2, 5)}
    logits[which][1, 3] = bad
    with pytest.raises(NonFiniteError, match="NaN or infinity"):
        divergence.measure(logits["base"], logits["tuned"], torch.zeros(2, dtype=torch.long), 2)


def test_shapes_and_ids_are_checked():
    zeros, ids = torch.zeros(2, 5), torch.zeros(2, dtype=torch.long)
    with pytest.raises(ShapeError):
        divergence.measure(zeros, torch.zeros(2, 4), ids, 2)
    with pytest.raises(ShapeError):
        divergence.ranks(zeros, ids[:1])
    with pytest.raises(VocabularyError, match=r"5 is outside \[0, 5\)"):
        divergence.ranks(zeros, torch.tensor([0, 5]))
