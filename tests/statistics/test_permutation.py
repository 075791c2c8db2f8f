"""Sign-flip tests against brute force, and Holm's adjustment against its definition."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.errors import InputError
from itlim.statistics.permutation import holm, sign_flip_p

DIFFERENCES = st.lists(st.integers(-3, 3), max_size=9)
SHARES = st.lists(st.floats(0.0001, 1), min_size=1, max_size=6)


def by_enumeration(differences):
    """Share of all assignments of signs whose sum is at least the observed one."""
    sums = [
        sum(sign * abs(one) for sign, one in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(one >= sum(differences) for one in sums) / len(sums)


@given(DIFFERENCES)
def test_p_is_the_share_of_all_assignments_of_signs(differences):
    found = sign_flip_p(np.array(differences, dtype=np.int64))
    assert found == pytest.approx(by_enumeration(differences))


def test_a_case_worked_by_hand():
    # |2| and |1|: the sums are 3, 1, -1 and -3; the observed 1 is reached by 3 and 1.
    assert sign_flip_p(np.array([2, -1])) == 0.5
    # Swapping the members of the pairs gives -1, which 3, 1 and -1 reach.
    assert sign_flip_p(np.array([-2, 1])) == 0.75


def test_differences_of_one_and_zero_give_the_sign_test():
    # 15 of 20 pairs favor the first: P(Bin(20, 1/2) >= 15).
    differences = np.array([1] * 15 + [-1] * 5 + [0] * 100)
    assert sign_flip_p(differences) == pytest.approx(0.020694732666015625)


@given(DIFFERENCES)
def test_p_and_p_of_the_swapped_pairs_exceed_one_by_the_chance_of_a_tie(differences):
    given_ = np.array(differences, dtype=np.int64)
    tie = sum(
        sum(s * abs(d) for s, d in zip(signs, differences, strict=True)) == sum(differences)
        for signs in product((1, -1), repeat=len(differences))
    ) / 2 ** len(differences)
    total = sign_flip_p(given_) + sign_flip_p(-given_)
    assert total == pytest.approx(1 + tie)


def test_nothing_to_compare_gives_no_evidence():
    assert sign_flip_p(np.array([], dtype=np.int64)) == 1.0
    assert sign_flip_p(np.zeros(5, dtype=np.int64)) == 1.0


def test_differences_that_are_not_whole_numbers_are_rejected():
    with pytest.raises(InputError, match="expected whole numbers"):
        sign_flip_p(np.array([0.5, -0.5]))


def test_hundreds_of_large_differences_do_not_overflow():
    assert 0 < sign_flip_p(np.full(805, 3)) < 1e-200


@given(SHARES)
def test_holm_rejects_exactly_what_the_step_down_procedure_rejects(p_values):
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for rank, place in enumerate(np.argsort(p_values, kind="stable").tolist()):
            if p_values[place] * (len(p_values) - rank) > level:
                break
            rejected.add(place)
        assert {place for place, one in enumerate(holm(p_values)) if one <= level} == rejected


def test_holm_gives_the_values_of_statsmodels():
    from statsmodels.stats.multitest import multipletests

    for p_values in ([0.2, 0.001, 0.02], [0.5, 0.4, 0.6, 0.01, 0.01], [1.0]):
        assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert holm([]) == []


def test_holm_keeps_the_order_of_its_arguments():
    assert holm([0.2, 0.001, 0.02]) == pytest.approx([0.2, 0.003, 0.04])
