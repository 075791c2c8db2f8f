"""The compiled passes agree with the float64 formulas on the same logits."""

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.errors import NonFiniteError
from itlim.measures import TokenShifts
from itlim.shift import divergence, fused

KLS = ("kl_tuned_base", "kl_base_tuned")


def compare(base, tuned, emitted, top_k=5, threads=1):
    found = fused.measure(base, tuned, emitted, top_k, threads=threads)
    expected = divergence.measure(
        torch.from_numpy(base), torch.from_numpy(tuned), torch.from_numpy(emitted), top_k
    )
    for field in fields(TokenShifts):
        ours, theirs = getattr(found, field.name), getattr(expected, field.name)
        assert ours.shape == theirs.shape
        if field.name in KLS:
            assert (np.abs(ours - theirs) <= 1e-4 * theirs + 1e-6).all(), field.name
        elif ours.dtype.kind == "i":
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=2e-6, err_msg=field.name)
    return found


def random_logits(rows, ids, seed, scale=3.0, distance=1.0, offset=0.0):
    generator = np.random.default_rng(seed)
    tuned = generator.standard_normal((rows, ids)) * scale
    base = tuned + generator.standard_normal((rows, ids)) * distance + offset
    emitted = generator.integers(0, ids, rows)
    return base.astype(np.float32), tuned.astype(np.float32), emitted


@pytest.mark.parametrize("ids", [5, 511, 512, 513, 1500, 20_011])
@pytest.mark.parametrize("distance", [1e-4, 0.1, 5.0])
def test_it_agrees_with_float64_at_any_vocabulary_and_distance(ids, distance):
    compare(*random_logits(4, ids, seed=ids, distance=distance))


@pytest.mark.parametrize("offset", [-500.0, 40.0, 1000.0])
def test_a_constant_between_the_models_logits_changes_nothing(offset):
    compare(*random_logits(4, 3000, seed=1, offset=offset))


@pytest.mark.parametrize("scale", [0.01, 30.0, 300.0])
def test_flat_and_peaked_distributions_agree(scale):
    compare(*random_logits(4, 3000, seed=2, scale=scale))


def test_many_ties_give_the_same_ranks_and_lists():
    base, tuned, emitted = random_logits(16, 2000, seed=3)
    compare(np.round(base), np.round(tuned), emitted)


def test_equal_logits_do_not_diverge():
    logits, _, emitted = random_logits(4, 3000, seed=4)
    found = compare(logits, logits.copy(), emitted)
    assert (found.kl_tuned_base == 0).all()
    # float32 rounding of the sums, which differs from processor to processor
    assert found.js.max() < 1e-6


def test_disjoint_distributions_reach_ln_2():
    base = np.full((1, 600), -200.0, np.float32)
    tuned = base.copy()
    base[0, 3], tuned[0, 500] = 0.0, 0.0
    found = compare(base, tuned, np.array([3]))
    assert found.js[0] == pytest.approx(math.log(2), abs=1e-6)
    assert found.kl_tuned_base[0] == pytest.approx(200, rel=1e-5)


def test_ids_hidden_by_a_huge_negative_logit_do_not_count():
    base, tuned, emitted = random_logits(3, 900, seed=5)
    emitted[:] = 7
    kept = np.r_[0:100, 101:900]
    base[:, 100] = tuned[:, 100] = -1e30
    found = fused.measure(base, tuned, emitted, 5)
    alone = fused.measure(base[:, kept].copy(), tuned[:, kept].copy(), emitted, 5)
    for name in (*KLS, "js", "base_entropy", "tuned_entropy", "base_prob"):
        np.testing.assert_allclose(getattr(found, name), getattr(alone, name), atol=2e-6)
    np.testing.assert_array_equal(found.base_rank, alone.base_rank)


def test_the_number_of_threads_does_not_change_the_results():
    base, tuned, emitted = random_logits(7, 1200, seed=6)
    one, three = (fused.measure(base, tuned, emitted, 5, threads=count) for count in (1, 3))
    for field in fields(TokenShifts):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(three, field.name))


@settings(max_examples=80, deadline=None)
@given(
    st.integers(2, 40).flatmap(
        lambda ids: st.tuples(
            *[st.lists(st.floats(-80, 80, width=32), min_size=ids, max_size=ids)] * 2,
            st.integers(0, ids - 1),
            st.integers(1, ids),
        )
    )
)
def test_it_agrees_on_any_logits(case):
    base, tuned, emitted, top_k = case
    rows = [np.array([row], np.float32) for row in (base, tuned)]
    compare(*rows, np.array([emitted]), top_k)


@pytest.mark.parametrize("bad", [math.nan, -math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_logits_that_are_not_finite_are_an_error(bad, which):
    logits = random_logits(3, 2000, seed=7)
    logits[which][1, 1234] = bad
    with pytest.raises(NonFiniteError):
        fused.measure(*logits, 5)
