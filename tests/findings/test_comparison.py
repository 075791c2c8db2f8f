"""Two pairs on the same instructions, by hand and against scipy and the binomial formula."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_tables import answer, pair_of
from scipy.stats import bootstrap

from itlim.errors import InputError
from itlim.findings import MarkedPhrase
from itlim.findings.comparison import compare_pairs

U, S = "unshifted", "shifted"
MARK = MarkedPhrase(start=0, stop=2)


def pairs(first, second, marks=((), ())):
    """Pairs whose answers have one token each, with these divergences."""
    made = []
    for name, values, marked in zip("ab", (first, second), marks, strict=True):
        answers = [
            answer(f"{name}{n}", f"Q{n}", [("Hi", S if value > 1 else U, value)],
                   [MARK] if n in marked else [])
            for n, value in enumerate(values)
        ]  # fmt: skip
        made.append(replace(pair_of(*answers), pair=name, marks_from="gold"))
    return made


def test_differences_by_hand():
    found = compare_pairs(*pairs([0.0, 0.5, 2.0], [1.0, 0.5, 6.0]))
    kl, moved, length = found.differences
    assert (kl.first, kl.second) == (pytest.approx(2.5 / 3), pytest.approx(7.5 / 3))
    assert (kl.difference, kl.n) == (pytest.approx(5 / 3), 3)
    assert (moved.first, moved.second) == (pytest.approx(100 / 3), pytest.approx(100 / 3))
    assert (moved.ci_low, moved.ci_high) == (None, None), "all differences are equal"
    assert length.difference == 0
    assert "nothing can be told" in found.sentence


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=5, max_size=30))
def test_the_interval_is_scipys_bca_interval_of_the_paired_differences(values):
    gaps = np.array([b - a for a, b in values])
    kl = compare_pairs(*pairs(*zip(*values, strict=True))).differences[0]
    if np.ptp(gaps) == 0:
        assert kl.ci_low is None
        return
    expected = bootstrap((gaps,), np.mean, n_resamples=5000, rng=np.random.default_rng(0))
    assert kl.ci_low == pytest.approx(expected.confidence_interval.low, nan_ok=True)
    assert kl.ci_high == pytest.approx(expected.confidence_interval.high, nan_ok=True)


def test_flips_and_mcnemar_by_hand():
    n = 12
    found = compare_pairs(*pairs([0.0] * n, [0.0] * n, marks=({0, 1, 2, 3, 4, 5, 6}, {6, 7})))
    flips = found.flips
    assert flips.only_first == tuple((f"a{n}", f"b{n}") for n in range(6))
    assert flips.only_second == (("a7", "b7"),)
    assert (flips.both, flips.neither) == (1, 4)
    assert flips.p == pytest.approx(2 * (comb(7, 0) + comb(7, 1)) / 2**7)


def test_a_clear_difference_is_named_in_one_sentence():
    rng = np.random.default_rng(0)
    first = rng.uniform(0, 0.5, 40)
    found = compare_pairs(*pairs(first.tolist(), (first + rng.uniform(0.1, 0.3, 40)).tolist()))
    assert found.sentence.startswith("On 40 shared instructions, b has a higher mean KL (+")


def test_without_a_difference_the_sentence_says_so():
    found = compare_pairs(*pairs([0.1] * 25, [0.1] * 25))
    assert found.sentence == "On 25 shared instructions, no measure tells b from a."


def test_marks_of_different_sources_are_not_compared():
    first, second = pairs([0.0, 1.0], [0.0, 1.0], marks=({0}, {1}))
    assert compare_pairs(first, replace(second, marks_from="people")).flips is None


def test_pairs_without_shared_instructions_are_an_error():
    first, _ = pairs([0.0], [1.0])
    with pytest.raises(InputError, match="share 1 instruction"):
        compare_pairs(first, first)
