import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from itlim.annotation.agreement.alpha import (
    AlphaSums,
    alpha,
    alpha_interval,
    gwet_ac1,
    nominal_alpha,
    percent_agreement,
)
from itlim.errors import InputError, ShapeError

NAN = np.nan
VERDICTS = ["causal", "coincidental", "unsure", "not_applicable"]
A = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=float)
B = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=float)


def ratings_of(*rows):
    return np.array([[NAN if one == "·" else float(one) for one in row] for row in rows])


def categories_of(table):
    return [[None if np.isnan(one) else str(int(one)) for one in row] for row in table]


@st.composite
def tables(draw, values=(0.0, 1.0, NAN)):
    n_raters = draw(st.integers(2, 4))
    n_units = draw(st.integers(1, 12))
    cells = draw(
        st.lists(st.sampled_from(values), min_size=n_raters * n_units, max_size=n_raters * n_units)
    )
    return np.array(cells).reshape(n_raters, n_units)


def test_alpha_of_the_fourteen_tokens_is_5909_where_kappa_is_5882():
    assert round(alpha([AlphaSums.of(np.array([A, B]))]), 4) == 0.5909
    assert round(cohen_kappa_score(A, B), 4) == 0.5882


def test_alpha_with_a_missing_rater_is_a_quarter():
    table = ratings_of("110010", "100011", "··011·")
    # By hand: Σ n₀n₁/(m−1) = 1 (second token) + 2/2 (fourth) + 1 (sixth) = 3, N₀ = 7, N₁ = 8.
    assert alpha([AlphaSums.of(table)]) == pytest.approx(0.25)


def test_responses_are_pooled_by_sums_and_not_by_averages():
    first, second = ratings_of("1100", "1000"), ratings_of("00000000", "00000001")
    pooled = alpha([AlphaSums.of(first), AlphaSums.of(second)])
    assert pooled == pytest.approx(alpha([AlphaSums.of(np.hstack([first, second]))]))
    # By hand: disagreement 2, N₁ = 4, N₀ = 20: 1 − 23 · 2 / 80.
    assert pooled == pytest.approx(1 - 46 / 80)


def test_an_unassigned_annotator_is_missing_and_not_a_zero():
    missing = ratings_of("1100", "1100", "····")
    assert alpha([AlphaSums.of(missing)]) == 1
    assert alpha([AlphaSums.of(np.nan_to_num(missing))]) < 0.5


@pytest.mark.parametrize("rows", [("000", "000"), ("111", "111"), ("10·", "··1"), ()])
def test_alpha_is_undefined_without_two_different_ratings(rows):
    sums = [AlphaSums.of(ratings_of(*rows))] if rows else []
    assert alpha(sums) is None


@given(tables())
def test_alpha_equals_the_krippendorff_package(table):
    ours = alpha([AlphaSums.of(table)])
    paired = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
    values = np.unique(paired[~np.isnan(paired)])
    if len(values) < 2:
        assert ours is None
    else:
        theirs = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
        assert ours == pytest.approx(theirs)
        assert nominal_alpha(categories_of(table)) == pytest.approx(theirs)


@given(tables(values=(0.0, 1.0, 2.0, 3.0, NAN)))
def test_nominal_alpha_equals_its_definition_over_pairs_of_ratings(table):
    units = [[one for one in column if not np.isnan(one)] for column in table.T]
    units = [unit for unit in units if len(unit) >= 2]
    ours = nominal_alpha(categories_of(table))
    pooled = [one for unit in units for one in unit]
    if len(set(pooled)) < 2:
        assert ours is None
        return
    observed = sum(
        (a != b) / (len(unit) - 1)
        for unit in units
        for i, a in enumerate(unit)
        for j, b in enumerate(unit)
        if i != j
    ) / len(pooled)
    apart = sum(a != b for i, a in enumerate(pooled) for j, b in enumerate(pooled) if i != j)
    expected = apart / (len(pooled) * (len(pooled) - 1))
    assert ours == pytest.approx(1 - observed / expected)


@given(tables(), st.randoms(use_true_random=False))
def test_alpha_does_not_depend_on_the_order_of_annotators_or_tokens(table, random):
    rows, columns = list(range(table.shape[0])), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = alpha([AlphaSums.of(table[rows][:, columns])])
    assert shuffled == pytest.approx(alpha([AlphaSums.of(table)]))


def test_ratings_other_than_zero_one_or_missing_are_rejected():
    with pytest.raises(InputError):
        AlphaSums.of(np.array([[0.0, 2.0], [1.0, 0.0]]))
    with pytest.raises(ShapeError):
        AlphaSums.of(np.array([0.0, 1.0]))


def test_the_interval_resamples_responses_and_not_tokens():
    rng = np.random.default_rng(1)
    responses = []
    for _ in range(30):
        truth = np.zeros(60)
        truth[10:30] = rng.random() < 0.5
        # Whole responses agree or disagree: their tokens say the same thing twenty times.
        other = truth if rng.random() < 0.7 else np.zeros(60)
        responses.append(np.array([truth, other]))
    sums = [AlphaSums.of(one) for one in responses]
    tokens = [AlphaSums.of(one[:, [place]]) for one in responses for place in range(60)]
    low, high = alpha_interval(sums)
    narrow_low, narrow_high = alpha_interval(tokens)
    assert low < alpha(sums) < high
    assert high - low > 2 * (narrow_high - narrow_low)


def test_the_interval_equals_that_of_drawing_responses_one_by_one():
    rng = np.random.default_rng(7)
    sums = [AlphaSums.of((rng.random((2, n)) < 0.4).astype(float)) for n in range(5, 25)]
    drawn = [alpha([sums[i] for i in rng.integers(0, 20, 20)]) for _ in range(4000)]
    assert alpha_interval(sums, n_resamples=4000) == pytest.approx(
        np.quantile(drawn, [0.025, 0.975]), abs=0.02
    )


def test_the_interval_repeats_with_the_seed_and_is_none_where_it_would_mislead():
    sums = [AlphaSums.of(ratings_of("1100", "1000"))] * 5 + [AlphaSums.of(ratings_of("01", "01"))]
    assert alpha_interval(sums, seed=3) == alpha_interval(sums, seed=3)
    assert alpha_interval(sums[:1]) is None
    # One response in six holds all marks: a third of the draws would miss it.
    lone = [AlphaSums.of(ratings_of("0000", "0000"))] * 5 + sums[:1]
    assert alpha(lone) is not None
    assert alpha_interval(lone) is None


RATED = [
    ["causal", "causal", "coincidental", "unsure", None, "causal", "coincidental", "causal"],
    ["causal", "coincidental", "coincidental", "unsure", "causal", "causal", None, "causal"],
    [None, "causal", "coincidental", "causal", "causal", "causal", None, None],
]


def test_verdict_figures_equal_those_of_irrcac():
    # irrCAC 0.4.4, CAC(…).gwet() and .krippendorff(), run apart: it pins an older numpy.
    assert gwet_ac1(RATED, categories=VERDICTS) == pytest.approx(0.76983, abs=1e-5)
    assert gwet_ac1(RATED, categories=VERDICTS[:3]) == pytest.approx(0.74306, abs=1e-5)
    assert nominal_alpha(RATED) == pytest.approx(0.575, abs=1e-5)
    assert percent_agreement(RATED) == pytest.approx(0.80952, abs=1e-5)


def test_ac1_equals_a_value_worked_by_hand():
    # 9 of 10 agree; shares .95 and .05: p_e = 2 · .95 · .05 = .095, (.9 − .095) / .905.
    ratings = [["yes"] * 9 + ["no"], ["yes"] * 10]
    assert gwet_ac1(ratings, categories=["no", "yes"]) == pytest.approx(0.805 / 0.905)
    assert percent_agreement(ratings) == pytest.approx(0.9)


def test_ac1_remains_meaningful_at_87_percent_prevalence_where_alpha_does_not():
    one = ["yes"] * 81 + ["yes"] * 6 + ["no"] * 6 + ["no"] * 7
    other = ["yes"] * 81 + ["no"] * 6 + ["yes"] * 6 + ["no"] * 7
    assert percent_agreement([one, other]) == pytest.approx(0.88)
    assert nominal_alpha([one, other]) == pytest.approx(0.46, abs=0.015)
    assert gwet_ac1([one, other], categories=["yes", "no"]) == pytest.approx(0.84, abs=0.006)


@given(tables(values=(0.0, 1.0, 2.0, NAN)))
def test_ac1_equals_its_definition_in_loops(table):
    units = [[one for one in column if not np.isnan(one)] for column in table.T]
    paired = [unit for unit in units if len(unit) >= 2]
    ratings = categories_of(table)
    ours = gwet_ac1(ratings, categories=["0", "1", "2", "3"])
    if not paired:
        assert ours is None
        assert percent_agreement(ratings) is None
        return
    agreed = 0.0
    for unit in paired:
        same = sum(a == b for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j)
        agreed += same / (len(unit) * (len(unit) - 1)) / len(paired)
    rated = [unit for unit in units if unit]
    shares = [sum(unit.count(k) / len(unit) for unit in rated) / len(rated) for k in range(4)]
    chance = sum(share * (1 - share) for share in shares) / 3
    assert ours == pytest.approx((agreed - chance) / (1 - chance))
    assert percent_agreement(ratings) == pytest.approx(agreed)


def test_verdicts_outside_the_scale_or_of_unequal_length_are_rejected():
    with pytest.raises(InputError, match="perhaps"):
        gwet_ac1([["perhaps"], ["causal"]], categories=VERDICTS)
    with pytest.raises(InputError):
        gwet_ac1([["causal"], ["causal"]], categories=["causal"])
    with pytest.raises(ShapeError):
        nominal_alpha([["causal"], ["causal", "unsure"]])


def test_one_verdict_for_all_leaves_alpha_undefined():
    ratings = [["causal"] * 3, ["causal"] * 3]
    assert nominal_alpha(ratings) is None
    assert gwet_ac1(ratings, categories=VERDICTS) == 1
    assert nominal_alpha([]) is None
    assert percent_agreement([]) is None
