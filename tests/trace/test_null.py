"""Null distributions: p-values by hand, calibrated, monotone, and stored on disk."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from itlim.errors import IndexFolderError, InputError
from itlim.trace.evidence.null import (
    MIN_SCORES,
    Null,
    read_nulls,
    write_nulls,
)

SCORES = st.lists(st.floats(0, 60, width=16), min_size=2, max_size=30).map(sorted).map(np.array)


def fitted(seed: int, n: int = 200, lengths=(2, 6, 20)) -> Null:
    """Scores that grow with the length and are often 0, like real ones."""
    rng = np.random.default_rng(seed)
    words = np.repeat(lengths, n)
    scores = np.maximum(rng.gamma(4, 2, len(words)) + words / 4 - 5, 0)
    return Null.fit(words, scores, source="drawn")


def test_p_within_the_sample_by_hand():
    null = Null(lengths=(4,), scores=(np.array([0.0, 0, 1, 2, 2, 5]),), source="")
    # (1 + scores at least as high) / (1 + 6)
    for score, at_least in ((0, 6), (0.5, 4), (1, 4), (2, 3), (4.9, 1), (5, 1)):
        assert null.p_value(4, score) == pytest.approx((1 + at_least) / 7)


def test_beyond_the_sample_the_tail_is_exponential_by_hand():
    null = Null(lengths=(4,), scores=(np.array([0.0, 1, 2, 3, 5, 10]),), source="", tail=0.5)
    # The top half of six are 3, 5 and 10: the mean excess over 3 is 3 nats.
    assert null.p_value(4, 10 + 3) == pytest.approx(math.exp(-1) / 7)
    assert null.p_value(4, 10 + 9) == pytest.approx(math.exp(-3) / 7)


def test_a_sample_without_a_match_does_not_give_the_first_match_a_p_of_zero():
    null = Null(lengths=(1, 2), scores=(np.zeros(100), np.arange(100.0)), source="")
    # By chance, a log-likelihood ratio exceeds x nats with probability e⁻ˣ at most.
    assert null.p_value(1, 5.0) == pytest.approx(math.exp(-5) / 101)
    assert null.p_value(2, 95.0) == pytest.approx(6 / 101), "the other length stays what it is"


def test_the_factor_multiplies_p_up_to_one():
    null = fitted(2)
    strict = replace(null, factor=1.5)
    assert strict.p_value(6, 9.0) == pytest.approx(1.5 * null.p_value(6, 9.0))
    assert strict.p_value(6, 0.0) == 1


def test_a_p_that_underflows_is_harmless():
    null = Null(lengths=(2, 8), scores=(np.zeros(100), np.arange(100.0)), source="")
    values = [null.p_value(words, 5000.0) for words in (1, 2, 4, 8, 9)]
    assert all(0 <= value < 1e-100 for value in values)


def test_between_two_lengths_p_is_interpolated_by_hand():
    null = Null(lengths=(2, 8), scores=(np.array([1.0, 5, 5]), np.array([2.0, 6, 7])), source="")
    # At 5 nats: 3 of 4 at two words, 3 of 4 at eight; at 6 nats beyond the sample and 3 of 4.
    assert null.p_value(3, 5.0) == pytest.approx(3 / 4)
    assert null.p_value(2, 2.0) == pytest.approx(3 / 4)
    assert null.p_value(8, 2.0) == pytest.approx(1)
    # ln 4 is halfway between ln 2 and ln 8.
    assert null.p_value(4, 2.0) == pytest.approx(math.sqrt(3 / 4))
    share = math.log(3 / 2) / math.log(4)
    assert null.p_value(3, 2.0) == pytest.approx((3 / 4) ** (1 - share))


def test_below_the_lengths_the_shortest_length_is_used():
    null = fitted(1)
    assert null.p_value(1, 7.0) == null.p_value(2, 7.0)
    assert null.p_value(2, 7.0) != null.p_value(20, 7.0)


def test_beyond_the_lengths_p_grows_with_the_places_where_a_match_can_be():
    null = fitted(1)
    assert null.p_value(30, 12.0) == pytest.approx(1.5 * null.p_value(20, 12.0))
    assert null.p_value(500, 80.0) == pytest.approx(25 * null.p_value(20, 80.0))
    assert null.p_value(10**6, 7.0) == 1


@settings(deadline=None)
@given(
    first=SCORES,
    second=SCORES,
    words=st.integers(1, 30),
    scores=st.tuples(*[st.floats(0, 200)] * 2),
)
def test_p_is_a_probability_that_falls_with_the_score(first, second, words, scores):
    null = Null(lengths=(2, 9), scores=(first, second), source="")
    low, high = sorted(scores)
    assert 0 <= null.p_value(words, high) <= null.p_value(words, low) <= 1
    assert null.p_value(words, 0.0) == pytest.approx(1)


@pytest.mark.parametrize("length", [2, 6, 20])
@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
def test_p_is_calibrated_on_its_own_sample_and_on_another(length, level):
    null, another = fitted(3, n=2000), fitted(4, n=2000)
    place = null.lengths.index(length)
    for scores in (null.scores[place], another.scores[place]):
        false = sum(null.p_value(length, score) <= level for score in scores)
        low, high = binom.ppf([0.0001, 0.9999], len(scores), level)
        assert low - 1 <= false <= high + 1


def test_lengths_with_too_few_scores_are_left_out():
    words = np.array([2] * MIN_SCORES + [5] * (MIN_SCORES - 1))
    scores = np.arange(len(words), dtype=float)[::-1]
    null = Null.fit(words, scores, source="x")
    assert null.lengths == (2,)
    assert null.scores[0].tolist() == sorted(scores[:MIN_SCORES])
    with pytest.raises(InputError, match=f"{MIN_SCORES - 1} spans cannot give a chance baseline"):
        Null.fit(words[MIN_SCORES:], scores[MIN_SCORES:], source="x")


def test_nulls_survive_a_round_trip_to_disk(tmp_path):
    nulls = {"span": fitted(6), "response": replace(fitted(7, lengths=(20, 45)), factor=1.5)}
    write_nulls(tmp_path / "null.parquet", nulls)
    found = read_nulls(tmp_path / "null.parquet")
    assert set(found) == {"span", "response"}
    for kind, null in nulls.items():
        assert found[kind].lengths == null.lengths
        assert found[kind].source == "drawn"
        assert found[kind].factor == null.factor
        for one, other in zip(found[kind].scores, null.scores, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
    for score in (0.0, 3.3, 80.0):
        assert found["span"].p_value(3, score) == pytest.approx(
            nulls["span"].p_value(3, score), rel=1e-4
        )


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no", b"{}"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "null.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndexFolderError, match=r"null\.parquet cannot be read .* Rebuild"):
        read_nulls(path)
